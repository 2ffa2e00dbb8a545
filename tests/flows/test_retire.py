import time
def test_try(prefect_api, place):
    for i in range(4):
        t=time.time(); s=place.run_pass(); print(i, time.time()-t)
        for k,v in s.items(): print("  ",k,v["state"],v["reason"][:150])
        place.clock.advance(days=1)
    assert 0
