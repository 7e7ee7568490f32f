//! What a run takes in: how many jobs it has in hand, and what it may claim now.
//!
//! A job that ends asks for the next one in the same call, so both the loop of the run and its jobs
//! claim.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::policy::retry::SUSPECT;
use crate::port::Claim;

#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Jobs that have begun and not ended.
    under_way: Cell<u32>,
    /// Those of them that are being completed: the next ones may take their places.
    completing: Cell<u32>,
    /// Places of jobs that were asked for and have not come.
    reserved: Cell<u32>,
    /// Jobs that have come.
    claimed: Cell<u32>,
    /// Those of them that have not begun, and when they were asked for.
    arrived: RefCell<Vec<(Claim, Duration)>>,
    /// Whether the last claim brought less than it asked for. It is asked again when a job has ended.
    is_empty: Cell<bool>,
    /// Whether a job has to be tried alone: what is claimed meanwhile would die with it.
    one_is_alone: Cell<bool>,
}

impl Intake {
    /// Reserves a place for every job that may be claimed and can begin at once; none if there is no place.
    /// `take_answer` has to follow.
    pub(super) fn reserve(&self, concurrency: u32, most: Option<u32>) -> Option<u32> {
        if self.is_empty.get() || self.one_is_alone.get() {
            return None;
        }
        let (claimed, reserved) = (self.claimed.get(), self.reserved.get());
        let arrived = as_u32(self.arrived.borrow().len());
        let taken = (self.under_way.get() + arrived).saturating_sub(self.completing.get());
        let left = most.map_or(u32::MAX, |most| most.saturating_sub(claimed));
        let places = concurrency.saturating_sub(taken).min(left).saturating_sub(reserved);
        self.reserved.set(reserved + places);
        (places > 0).then_some(places)
    }

    /// Whether as many jobs have come as may be claimed.
    pub(super) fn is_full(&self, most: Option<u32>) -> bool {
        most.is_some_and(|most| self.claimed.get() >= most)
    }

    /// Takes the answer to a claim that was sent at `since`, if there is one. Those jobs that have to be
    /// tried alone begin after all others.
    pub(super) fn take_answer(&self, asked: u32, since: Duration, claims: Option<Vec<Claim>>) {
        self.reserved.set(self.reserved.get().saturating_sub(asked));
        let Some(claims) = claims else { return };
        let is_suspect = |claim: &Claim| claim.deaths >= SUSPECT;
        let (suspects, mut claims): (Vec<_>, Vec<_>) = claims.into_iter().partition(is_suspect);
        if !suspects.is_empty() {
            self.one_is_alone.set(true);
        }
        claims.extend(suspects);
        let came = as_u32(claims.len());
        self.is_empty.set(came < asked);
        self.claimed.set(self.claimed.get().saturating_add(came));
        self.arrived.borrow_mut().extend(claims.into_iter().map(|claim| (claim, since)));
    }

    /// Whether jobs have come that have not begun.
    pub(super) fn has_arrived(&self) -> bool {
        !self.arrived.borrow().is_empty()
    }

    /// The jobs that have come, to begin them.
    pub(super) fn arrived(&self) -> Vec<(Claim, Duration)> {
        self.arrived.take()
    }

    /// Learns how many jobs are under way.
    pub(super) fn set_under_way(&self, under_way: usize) {
        self.under_way.set(as_u32(under_way));
        self.one_is_alone.set(self.one_is_alone.get() && under_way > 0);
    }

    /// Lets the next claim be made although the last one brought less than it asked for: a job has ended.
    pub(super) fn reopen(&self) {
        self.is_empty.set(false);
    }

    /// The place of a job is free while it is completed and its copies are made.
    pub(super) fn begin_completion(&self) {
        self.completing.set(self.completing.get() + 1);
        self.reopen();
    }

    /// The job has ended, or has its place again.
    pub(super) fn end_completion(&self) {
        self.completing.set(self.completing.get().saturating_sub(1));
    }
}

fn as_u32(jobs: usize) -> u32 {
    u32::try_from(jobs).unwrap_or(u32::MAX)
}
