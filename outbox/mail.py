"""Sending mails: each at most once."""

import hashlib
import smtplib
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from outbox.failpoints import failpoint
from outbox.models import Job
from outbox.services import handler


@handler("mail", at_most_once=True)
def send_mail(job: Job, to: list[str], subject: str, body: str) -> None:
    deliver(job, EmailMessage(subject, body, to=to))


def deliver(job: Job, *messages: EmailMessage) -> None:
    """Send the mails of a job whose kind is `at_most_once`."""
    connection = get_connection()
    # A server that is away, hangs or does not let us in has seen no mail.
    connection.open()
    try:
        job.hand_over()
        failpoint("mail.handing_over")
        for number, message in enumerate(messages):
            message.connection = connection
            message.extra_headers["Message-ID"] = message_id(job, number)
            try:
                message.send()
            except smtplib.SMTPException as error:
                if number == 0 and is_refusal(error):
                    job.take_back()
                raise
        failpoint("mail.handed_over")
    finally:
        # They are accepted or not, however the conversation ends.
        with suppress(OSError, smtplib.SMTPException):
            connection.close()


def is_refusal(error: smtplib.SMTPException) -> bool:
    """Whether the server said no. Whatever else fails once a mail is on its way, such as a
    connection that breaks before the answer, says nothing of it."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 400
    return isinstance(error, smtplib.SMTPRecipientsRefused)


def message_id(job: Job, number: int = 0) -> str:
    """The same for the same job: what a person sends again is not doubled where the recipient's
    server looks at it."""
    name = hashlib.sha256(f"{job.kind}:{job.key}:{number}".encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return f"<{name}@{domain}>"
