"""The printed documents of section 6.4: the dataclass that goes in and the function that gives the PDF.

Callers mask what must be masked (R20, R23) and pass times as the text to print; nothing here knows a model.
`printed_at` sets the footer and the PDF's date: the same arguments give the same bytes.
"""

from __future__ import annotations

from app.documents.amounts import amount_in_capitals
from app.documents.exam_papers import (
    TICKET_RULES,
    DeskLabel,
    DoorLabel,
    MatrixCell,
    MatrixRoom,
    ScheduleMatrix,
    SeatedPerson,
    SignInRow,
    SignInSheet,
    Ticket,
    TicketSubject,
    admission_tickets,
    desk_labels,
    door_label,
    schedule_matrix,
    sign_in_sheet,
)
from app.documents.records import (
    Certificate,
    DeclarationForm,
    FeeLine,
    FeeSlip,
    ResultList,
    ResultRow,
    ReviewEntry,
    Transcript,
    TranscriptSubject,
    certificate,
    declaration_form,
    fee_slip,
    result_list,
    transcript,
)

__all__ = [
    "TICKET_RULES",
    "Certificate",
    "DeclarationForm",
    "DeskLabel",
    "DoorLabel",
    "FeeLine",
    "FeeSlip",
    "MatrixCell",
    "MatrixRoom",
    "ResultList",
    "ResultRow",
    "ReviewEntry",
    "ScheduleMatrix",
    "SeatedPerson",
    "SignInRow",
    "SignInSheet",
    "Ticket",
    "TicketSubject",
    "Transcript",
    "TranscriptSubject",
    "admission_tickets",
    "amount_in_capitals",
    "certificate",
    "declaration_form",
    "desk_labels",
    "door_label",
    "fee_slip",
    "result_list",
    "schedule_matrix",
    "sign_in_sheet",
    "transcript",
]
