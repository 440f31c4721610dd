"""All entities in one place, so that the metadata is complete whoever asks."""

from models.adjustment import Adjustment
from models.attachment import Attachment, Blob
from models.audit import Audit, AuditEnd
from models.base import Base
from models.bulletin import Bulletin, BulletinFigure, BulletinNote
from models.calendar import CalendarDay
from models.check import Check, CheckMark, Finding, Objection, Round
from models.classify import LearntWord
from models.consent import Consent
from models.crew import CrewMember
from models.draft import Draft
from models.duty import Escalation, LoadPass, Owed
from models.grade import GradeChange
from models.group import Group, Heard
from models.helpcall import HelpCall
from models.history import History
from models.job_run import JobRun
from models.jury import Juror, Jury, Mark
from models.mechanism import Mechanism, MechanismCase
from models.message import Message, Unsaid
from models.midterm import MidTerm
from models.milestone import Milestone
from models.notice import Notice, NoticePoint, NoticeStep
from models.number import Counter
from models.pair import Pair, PairEntry, PairSide
from models.paper_template import PaperTemplate
from models.pause import Away, Emergency
from models.person import Grant, Person
from models.pledge import Pledge, PledgeCheck, PledgeEntry, PledgeEvent
from models.post import Post, PostMark, PostStandard
from models.process import Lease, Process
from models.progress import Progress
from models.project import Project, ProjectStep
from models.promotion import Promotion
from models.publicity import Sheet, SheetLine, SheetNote
from models.purge import Purge
from models.push import Content, Outlet, Push, Rendering
from models.ranking import Ranking, RankingLine
from models.reception import Reception, ReceptionSlot, ReceptionSuggestion
from models.request import DataRequest
from models.saved import ColumnNames, SavedView
from models.score import Confer, Score
from models.search import SearchEntry
from models.suggestion import Suggestion, SuggestionStep, SuggestionSupport
from models.survey import Survey, SurveyTable, SurveyUrn, SurveyWords
from models.talk import (
    Talk,
    TalkCall,
    TalkCertificate,
    TalkOpening,
    TalkStrike,
    TalkTask,
)
from models.unit import Unit, UnitAlias
from models.vault import Secret
from models.visit import Visit, VisitPoint
from models.vote import Ballot, BallotRoll
from models.watch import Watch, WatchNote
from models.wish import Wish, WishEvent

ENTITIES: tuple[type[Base], ...] = (
    Unit,
    UnitAlias,
    Person,
    Grant,
    Group,
    Heard,
    History,
    Project,
    ProjectStep,
    GradeChange,
    Promotion,
    Score,
    Confer,
    Adjustment,
    Sheet,
    SheetLine,
    SheetNote,
    Bulletin,
    BulletinFigure,
    BulletinNote,
    HelpCall,
    Mechanism,
    MechanismCase,
    MidTerm,
    Jury,
    Juror,
    Mark,
    Milestone,
    CrewMember,
    Progress,
    Pledge,
    PledgeEvent,
    PledgeEntry,
    PledgeCheck,
    Ballot,
    BallotRoll,
    Wish,
    WishEvent,
    Pair,
    PairSide,
    PairEntry,
    Post,
    PostStandard,
    PostMark,
    Blob,
    Attachment,
    Ranking,
    RankingLine,
    SearchEntry,
    Suggestion,
    SuggestionStep,
    SuggestionSupport,
    LearntWord,
    Reception,
    ReceptionSlot,
    ReceptionSuggestion,
    Message,
    Unsaid,
    Draft,
    Audit,
    AuditEnd,
    Secret,
    DataRequest,
    Purge,
    Talk,
    TalkTask,
    TalkCall,
    TalkStrike,
    TalkOpening,
    TalkCertificate,
    Content,
    Rendering,
    Push,
    Outlet,
    JobRun,
    Process,
    Lease,
    Counter,
    CalendarDay,
    Away,
    Emergency,
    Owed,
    Escalation,
    LoadPass,
    Round,
    Check,
    CheckMark,
    Notice,
    Finding,
    Objection,
    NoticePoint,
    NoticeStep,
    Watch,
    WatchNote,
    Visit,
    VisitPoint,
    PaperTemplate,
    Survey,
    SurveyUrn,
    SurveyTable,
    SurveyWords,
    Consent,
    SavedView,
    ColumnNames,
)
"""In an order in which rows can be inserted without breaking a foreign key (self-references
aside, which a restore inserts in order of ids)."""
