//! `dunningProcess`, `pauseDunning` and `withdrawDunning`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::dunning::{self, Action, Aim, DunningError, Process};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The process was held back.
struct Paused;

/// The process was stopped.
struct Withdrawn;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.dunningProcess", dunning_process);
    b.root("Mutation.pauseDunning", pause_dunning);
    b.root("Mutation.withdrawDunning", withdraw_dunning);
    b.leaves::<Paused>("PauseDunning", &[("pauseCreated", |_| true.into())]);
    b.leaves::<Withdrawn>("WithdrawDunning", &[("withdrawSuccessful", |_| true.into())]);
    b.batch("DunningProcess.actions", actions_of);
    b.leaves::<Process>(
        "DunningProcess",
        &[
            ("pathName", |p| (&p.path).into()),
            ("startDate", |p| p.started_on.into()),
            ("status", |p| (&p.status).into()),
            ("createdBy", |p| (&p.created_by).into()),
            ("createdNote", |p| (&p.note).into()),
            ("withdrawnBy", |p| (&p.withdrawn_by).into()),
            ("concludedAt", |p| p.ended_at.into()),
            ("createdAt", |p| p.created_at.into()),
            ("updatedAt", |p| p.updated_at.into()),
            ("previousStep", |p| (&p.previous_step).into()),
            ("nextStep", |p| (&p.next_step).into()),
            ("badDebt", |p| p.debt.into()),
        ],
    );
    b.leaves::<Action>(
        "DunningAction",
        &[
            ("stepName", |a| (&a.name).into()),
            ("usedChannel", |a| (&a.used_channel).into()),
            ("dueDate", |a| a.due_date.into()),
            ("actionedAt", |a| a.actioned_at.into()),
            ("createdAt", |a| a.created_at.into()),
        ],
    );
}

async fn dunning_process(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = dunning::of_account(&mut view, call.cx.viewer(), &number).await;
    found.map(Resolved::maybe).map_err(FieldError::internal)
}

async fn actions_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Process>()?.iter().map(|process| process.id).collect();
    let mut view = call.cx.read().await?;
    let found = dunning::actions(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AimInput {
    account_number: String,
    path_name: String,
    note: Option<String>,
}

impl AimInput {
    fn aim(&self) -> Aim<'_> {
        Aim { account_number: &self.account_number, path: &self.path_name, note: self.note.as_deref() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PauseInput {
    #[serde(flatten)]
    aim: AimInput,
    start_date: NaiveDate,
    stop_date: NaiveDate,
}

async fn pause_dunning(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PauseInput = call.arg("input")?;
    let number = Some(input.aim.account_number.as_str());
    let done = call.cx.write("Mutation.pauseDunning", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            dunning::pause(tx, viewer, &input.aim.aim(), (input.start_date, input.stop_date)).await
        })
    });
    done.await.map(|()| Resolved::node(Paused)).map_err(refusal)
}

async fn withdraw_dunning(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AimInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.withdrawDunning", number, &input, |tx, viewer, input| {
        Box::pin(async move { dunning::withdraw(tx, viewer, &input.aim()).await })
    });
    done.await.map(|()| Resolved::node(Withdrawn)).map_err(refusal)
}

fn refusal(error: DunningError) -> FieldError {
    match error {
        DunningError::Forbidden => FieldError::code(FORBIDDEN),
        DunningError::UnknownAccount => FieldError::code("KT-CT-4178"),
        DunningError::NeverOnPath => FieldError::code("KT-CT-11301"),
        DunningError::NoneActive => FieldError::code("KT-CT-11302"),
        DunningError::Several => FieldError::code("KT-CT-11303"),
        DunningError::BadDays => FieldError::code("KT-CT-11304"),
        DunningError::PausedAlready => {
            FieldError::code("KT-CT-11305").describe("The process is paused on some of these days already.")
        }
        DunningError::Binding => {
            FieldError::code("KT-CT-11306").describe("A step has been taken that cannot be taken back.")
        }
        DunningError::Database(error) => FieldError::internal(error),
    }
}
