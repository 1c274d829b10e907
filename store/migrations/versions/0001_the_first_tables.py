"""the first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_installation")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_manager", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("application", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("at_risk", sa.Boolean(), nullable=False),
        sa.Column("next_date", sa.Date(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )

    op.create_table(
        "programs",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_programs")),
        sa.UniqueConstraint("version", name=op.f("uq_programs_version")),
    )
    op.create_table(
        "accounts",
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mapped_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_accounts_partner_partners")),
        sa.PrimaryKeyConstraint("partner", "name", name=op.f("pk_accounts")),
    )
    op.create_table(
        "decisions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("program", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_decisions_partner_partners")),
        sa.ForeignKeyConstraint(["program"], ["programs.digest"], name=op.f("fk_decisions_program_programs")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
        sa.UniqueConstraint("partner", "policy", "as_of", "purpose", name=op.f("uq_decisions_partner")),
    )
    op.create_table(
        "escalations",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("delegate", sa.Text(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_escalations_partner_partners")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_escalations")),
    )
    with op.batch_alter_table("escalations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_escalations_doubted",
            ["key"],
            unique=False,
            sqlite_where=sa.text("doubts > looked"),
            postgresql_where=sa.text("doubts > looked"),
        )
        batch_op.create_index(batch_op.f("ix_escalations_partner"), ["partner"], unique=False)

    op.create_table(
        "escalation_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["escalations.key"], name=op.f("fk_escalation_events_key_escalations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_events")),
    )
    with op.batch_alter_table("escalation_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_escalation_events_key"), ["key"], unique=False)

    op.create_table(
        "facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("true_of", sa.Date(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_facts_partner_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
        sa.UniqueConstraint("partner", "name", "true_of", "source", name=op.f("uq_facts_partner")),
    )
    with op.batch_alter_table("facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_facts_partner"), ["partner"], unique=False)

    op.create_table(
        "next_actions",
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_next_actions_partner_partners")),
        sa.PrimaryKeyConstraint("partner", "what", "due_on", name=op.f("pk_next_actions")),
    )
    op.create_table(
        "touches",
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_touches_partner_partners")),
        sa.PrimaryKeyConstraint("partner", "delivered_on", "kind", "who", name=op.f("pk_touches")),
    )
    op.create_table(
        "service_overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_service_overrides_partner_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_overrides")),
    )
    with op.batch_alter_table("service_overrides", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_overrides_partner"), ["partner"], unique=False)

    op.create_table(
        "absences",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("stand_in", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "first", name=op.f("pk_absences")),
    )
    op.create_table(
        "notices",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("answer_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("trying_since", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("in_hand", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_notices_partner_partners")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_digest"), ["digest"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_partner"), ["partner"], unique=False)
        batch_op.create_index("ix_notices_recipient", ["recipient", "state"], unique=False)
        batch_op.create_index("ix_notices_state", ["state", "due_at"], unique=False)

    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["notice"], ["notices.key"], name=op.f("fk_attempts_notice_notices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempts_notice"), ["notice"], unique=False)

    op.create_table(
        "people",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("slack_member", sa.Text(), nullable=True),
        sa.Column("slack_channel", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_people")),
    )
    op.create_table(
        "opportunities",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("qualified_on", sa.Date(), nullable=True),
        sa.Column("progressed_on", sa.Date(), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("won", sa.Boolean(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("mutual", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.Column("superseded_at", sa.BigInteger(), nullable=True),
        sa.Column("handed_over_to", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_opportunities_partner_partners")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_opportunities")),
    )
    with op.batch_alter_table("opportunities", schema=None) as batch_op:
        batch_op.create_index("ix_opportunities_known", ["partner", "created_on"], unique=False)
        batch_op.create_index(
            "uq_opportunities_current",
            ["id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "pilots",
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("application", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_pilots_partner_partners")),
        sa.PrimaryKeyConstraint("partner", "application", "number", name=op.f("pk_pilots")),
    )
    op.create_table(
        "plays",
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_plays_partner_partners")),
        sa.PrimaryKeyConstraint("partner", "name", name=op.f("pk_plays")),
    )
    op.create_table(
        "rescores",
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("program", sa.String(length=64), nullable=False),
        sa.Column("away", sa.JSON(), nullable=False),
        sa.Column("scored_by", sa.String(length=64), nullable=False),
        sa.Column("scored_before", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["program"], ["programs.digest"], name=op.f("fk_rescores_program_programs")),
        sa.ForeignKeyConstraint(
            ["scored_before"], ["programs.digest"], name=op.f("fk_rescores_scored_before_programs")
        ),
        sa.ForeignKeyConstraint(["scored_by"], ["programs.digest"], name=op.f("fk_rescores_scored_by_programs")),
        sa.PrimaryKeyConstraint("quarter", name=op.f("pk_rescores")),
    )
    op.create_table(
        "scorecards",
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("application", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_scorecards_partner_partners")),
        sa.PrimaryKeyConstraint("partner", "application", "number", name=op.f("pk_scorecards")),
    )
    op.create_table(
        "stage_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=False),
        sa.Column("went_to", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_stage_moves_partner_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_moves")),
        sa.UniqueConstraint("partner", "key", name=op.f("uq_stage_moves_partner")),
    )
    with op.batch_alter_table("stage_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stage_moves_partner"), ["partner"], unique=False)

    op.create_table(
        "scores",
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("segment", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("quarters_active", sa.Integer(), nullable=False),
        sa.Column("score", sa.JSON(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("best_rank", sa.Integer(), nullable=True),
        sa.Column("worst_rank", sa.Integer(), nullable=True),
        sa.Column("cut_tier", sa.Text(), nullable=True),
        sa.Column("tier_at_best", sa.Text(), nullable=True),
        sa.Column("short", sa.BigInteger(), nullable=True),
        sa.Column("move", sa.Text(), nullable=True),
        sa.Column("came_from", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("quarters_below", sa.Integer(), nullable=True),
        sa.Column("quarters_inactive", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["decision"], ["decisions.number"], name=op.f("fk_scores_decision_decisions")),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_scores_partner_partners")),
        sa.ForeignKeyConstraint(["quarter"], ["rescores.quarter"], name=op.f("fk_scores_quarter_rescores")),
        sa.PrimaryKeyConstraint("quarter", "partner", name=op.f("pk_scores")),
    )
    with op.batch_alter_table("scores", schema=None) as batch_op:
        batch_op.create_index("ix_scores_turn", ["quarter", "turn"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("scores", schema=None) as batch_op:
        batch_op.drop_index("ix_scores_turn")

    op.drop_table("scores")
    with op.batch_alter_table("stage_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stage_moves_partner"))

    op.drop_table("stage_moves")
    op.drop_table("scorecards")
    op.drop_table("rescores")
    op.drop_table("plays")
    op.drop_table("pilots")
    with op.batch_alter_table("opportunities", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_opportunities_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_opportunities_known")

    op.drop_table("opportunities")
    op.drop_table("people")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempts_notice"))

    op.drop_table("attempts")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_state")
        batch_op.drop_index("ix_notices_recipient")
        batch_op.drop_index(batch_op.f("ix_notices_partner"))
        batch_op.drop_index(batch_op.f("ix_notices_digest"))

    op.drop_table("notices")
    op.drop_table("absences")
    with op.batch_alter_table("service_overrides", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_overrides_partner"))

    op.drop_table("service_overrides")
    op.drop_table("touches")
    op.drop_table("next_actions")
    with op.batch_alter_table("facts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_facts_partner"))

    op.drop_table("facts")
    with op.batch_alter_table("escalation_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_escalation_events_key"))

    op.drop_table("escalation_events")
    with op.batch_alter_table("escalations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_escalations_partner"))
        batch_op.drop_index(
            "ix_escalations_doubted",
            sqlite_where=sa.text("doubts > looked"),
            postgresql_where=sa.text("doubts > looked"),
        )

    op.drop_table("escalations")
    op.drop_table("decisions")
    op.drop_table("accounts")
    op.drop_table("programs")
    op.drop_table("partners")
    op.drop_table("installation")
