// A table that is wider than a phone scrolls in a box of its own; a keyboard has to reach it too.
const content = document.querySelector(".md-content__inner");
const reachable = () =>
  content.querySelectorAll(".md-typeset__scrollwrap").forEach((box) => {
    box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
  });
if (content) {
  new MutationObserver(reachable).observe(content, { childList: true, subtree: true });
  addEventListener("resize", reachable);
  reachable();
}
