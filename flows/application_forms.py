"""Forms for applications, one small flow an act; the CLI does the same through the same functions.

A form's mistake must not cost what was typed: see `flows.form_answers`.
"""

from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.acts import config_in_force
from flows.application_acts import (
    Act,
    act_of,
    decide_application,
    decision_statement,
    step_of_applicant,
    submit,
)
from flows.form_answers import answered, answered_signed
from flows.form_fields import Application, Model, Person, Signature, TypedBy, Words, titled
from tasks.access.applications.receive import form_of
from tasks.access.applications.rules import APPLICATION_NAMESPACE


@flow(name="apply-for-access", flow_run_name="{applicant} applies for {model}")
def apply_for_access(
    model: Model,
    applicant: Annotated[str, titled("Applicant")],
    contact: Annotated[str, titled("E-mail address")],
    affiliation: Annotated[str, titled("Affiliation")],
    purpose: Annotated[str, titled("Purpose")],
    data_handling: Annotated[str, titled("Handling of data")],
    study_days: Annotated[str, titled("Length in days", "90")],
    typed_by: TypedBy,
    renews: Annotated[str, titled("Renews application")] = "",
    affiliation_public: Annotated[bool, titled("Affiliation may be published")] = False,
) -> State[str]:
    """Apply for research access to a model, or type in an application that came by mail.

    Read the criteria first: the page criteria.html of the model. Other open applications for the
    same address stand beside it; withdraw those that no longer hold.

    Args:
        model: The model's id, such as aster-1.
        applicant: Full name of the person who applies.
        contact: The applicant's e-mail address; every answer goes there.
        affiliation: Institution, or independent, and where that can be verified.
        purpose: The research question, and why it needs this model. At least 40 characters.
        data_handling: Where prompts and outputs are kept, who reads them, when they are deleted.
        study_days: Length of the study in days, such as 90.
        typed_by: Who fills in this form; the applicant, or you on their behalf.
        renews: Id of the earlier application whose grant this one prolongs; empty if none.
        affiliation_public: Whether the published figures may name the affiliation.
    """
    form = {
        "model": model,
        "applicant": applicant,
        "contact": contact,
        "affiliation": affiliation,
        "purpose": purpose,
        "data_handling": data_handling,
        "study_days": _whole_number(study_days),
        "renews": renews.strip(),
        "affiliation_public": affiliation_public,
    }
    return answered(
        lambda: submit(config_in_force(model), form_of(form), source="form", entered_by=typed_by)
    )


@flow(name="decide-application", flow_run_name="{person}: {decision} {application} of {model}")
def decide_on_application(
    model: Model,
    application: Application,
    person: Person,
    decision: Annotated[Literal["accept", "decline", "uphold", "overturn"], titled("Decision")],
    words: Words,
    reasons: Annotated[str, titled("Criteria")] = "",
    signature: Signature = "",
) -> State[str]:
    """Accept or decline an application, or decide its appeal: uphold the decline, or overturn it.

    An appeal is decided by another person, with another key, than the first decision. Run it
    without a signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        application: The application's id, or its first digits.
        person: Your name as listed among the allowed signers.
        decision: What you decide.
        words: Why, in your own words; the applicant reads them.
        reasons: Ids of criteria with commas between; those affirmed, or those that are not met.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return _decided(model, application, person, act_of(decision, words, (reasons,)), signature)


@flow(name="ask-applicant", flow_run_name="{person} asks about {application} of {model}")
def ask_applicant(
    model: Model,
    application: Application,
    person: Person,
    question: Annotated[str, titled("Question")],
    signature: Signature = "",
) -> State[str]:
    """Ask the applicant before deciding; the clock stands still until the answer.

    Run it without a signature first: it answers with the words to sign and how.

    Args:
        model: The model's id, such as aster-1.
        application: The application's id, or its first digits.
        person: Your name as listed among the allowed signers.
        question: What you want to know; the applicant reads it.
        signature: The whole signature, from BEGIN SSH SIGNATURE on; empty at first.
    """
    return _decided(model, application, person, act_of("ask", question, ()), signature)


@flow(name="answer-question", flow_run_name="answer on {application} of {model}")
def answer_question(
    model: Model,
    application: Application,
    answer: Annotated[str, titled("Answer")],
    typed_by: TypedBy,
) -> State[str]:
    """Answer a question that was asked about an application; the clock goes on.

    Args:
        model: The model's id, such as aster-1.
        application: The application's id, or its first digits.
        answer: The applicant's answer, word for word.
        typed_by: Who fills in this form; the applicant, or you on their behalf.
    """
    return _stepped(model, application, Act("answered", answer), typed_by)


@flow(name="appeal-application", flow_run_name="appeal on {application} of {model}")
def appeal_application(
    model: Model,
    application: Application,
    grounds: Annotated[str, titled("Grounds")],
    typed_by: TypedBy,
) -> State[str]:
    """Appeal against a declined application; a second person decides.

    Args:
        model: The model's id, such as aster-1.
        application: The application's id, or its first digits.
        grounds: What the applicant thinks was judged wrongly, word for word.
        typed_by: Who fills in this form; the applicant, or you on their behalf.
    """
    return _stepped(model, application, Act("appealed", grounds), typed_by)


@flow(name="withdraw-application", flow_run_name="withdraw {application} of {model}")
def withdraw_application(
    model: Model, application: Application, typed_by: TypedBy, words: Words = ""
) -> State[str]:
    """Withdraw an application that is not decided yet, or an appeal.

    Args:
        model: The model's id, such as aster-1.
        application: The application's id, or its first digits.
        typed_by: Who fills in this form; the applicant, or you on their behalf.
        words: Why, if the applicant says so.
    """
    return _stepped(model, application, Act("withdrawn", words), typed_by)


def _whole_number(text: str) -> int | str:
    """The number, or the text as it is, for the form's own check to tell of."""
    return int(text) if text.strip().isdecimal() and len(text.strip()) < 6 else text


def _decided(model: str, application: str, person: str, act: Act, signature: str) -> State[str]:
    return answered_signed(
        signature,
        APPLICATION_NAMESPACE,
        lambda: decision_statement(config_in_force(model), application, act),
        lambda: decide_application(config_in_force(model), application, act, person, signature),
    )


def _stepped(model: str, application: str, act: Act, typed_by: str) -> State[str]:
    return answered(lambda: step_of_applicant(config_in_force(model), application, act, typed_by))
