//! Who publishes: which connector is known, which one is new, and whether any is alive.

use crate::iox::node::{list_nodes, Liveness};
use crate::iox::IoxService;

/// Former publishers whose late samples must not look like yet another restart.
const FORMER_MAX: usize = 16;

/// Folds a publisher's id; never 0, which means "none yet".
#[inline]
fn fold(id: u128) -> u64 {
    match (id as u64) ^ ((id >> 64) as u64) {
        0 => 1,
        tag => tag,
    }
}

/// The publisher believed in now, and those before it.
#[derive(Debug, Default)]
pub struct Peer {
    id: u128,
    tag: u64,
    former: Vec<u64>,
    is_lost: bool,
}

impl Peer {
    pub fn id(&self) -> u128 {
        self.id
    }

    /// 0 before the first.
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// Tag of whoever sent a sample; by comparison alone for nearly every one.
    #[inline]
    pub fn tag_of(&self, id: u128) -> u64 {
        if id == self.id {
            self.tag
        } else {
            fold(id)
        }
    }

    /// Neither the one that is known nor one that was.
    pub fn is_new(&self, id: u128) -> bool {
        let tag = fold(id);
        tag != self.tag && !self.former.contains(&tag)
    }

    /// Believes in this one from now on; returns its tag.
    pub fn adopt(&mut self, id: u128) -> u64 {
        if self.tag != 0 {
            self.former.push(self.tag);
            if self.former.len() > FORMER_MAX {
                self.former.remove(0);
            }
        }
        (self.id, self.tag, self.is_lost) = (id, fold(id), false);
        self.tag
    }

    /// Nobody is alive. `true` the first time, if there was somebody.
    pub fn lose(&mut self) -> bool {
        let is_news = !self.is_lost && self.tag != 0;
        self.is_lost |= is_news;
        is_news
    }
}

/// A listed publisher whose process lives. A killed one stays listed until some node is created.
pub fn living_publisher(service: &IoxService) -> Option<u128> {
    let listed = service.publishers();
    let mut living = listed.iter().filter(|seen| {
        // SAFETY: signal 0 sends nothing, it only asks whether the process exists.
        let gone = unsafe { libc::kill(seen.pid, 0) } == -1
            && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
        // A process id may be of another namespace, so the node's own lock has the last word.
        !gone || !is_node_dead(service, seen.node)
    });
    living.next().map(|seen| seen.id)
}

fn is_node_dead(service: &IoxService, node: u128) -> bool {
    list_nodes(service.config())
        .map(|nodes| !nodes.iter().any(|(id, liveness)| *id == node && *liveness != Liveness::Dead))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_sample_of_a_former_publisher_is_no_restart() {
        let mut peer = Peer::default();
        assert!(peer.is_new(5) && peer.tag() == 0);
        let first = peer.adopt(5);
        assert!(!peer.is_new(5) && peer.is_new(6));
        let second = peer.adopt(6);
        assert!(!peer.is_new(5) && !peer.is_new(6));
        assert_eq!((peer.id(), peer.tag(), peer.tag_of(6), peer.tag_of(5)), (6, second, second, first));
    }

    #[test]
    fn only_the_latest_former_publishers_are_remembered() {
        let mut peer = Peer::default();
        let count = FORMER_MAX as u128 + 2;
        (1..=count).for_each(|id| _ = peer.adopt(id));
        assert!(peer.is_new(1) && !peer.is_new(2));
        assert_eq!(peer.former.len(), FORMER_MAX);
    }

    #[test]
    fn a_loss_is_news_once_for_each_publisher_and_not_before_the_first() {
        let mut peer = Peer::default();
        assert!(!peer.lose());
        peer.adopt(5);
        assert_eq!([peer.lose(), peer.lose()], [true, false]);
        peer.adopt(6);
        assert!(peer.lose());
    }

    #[test]
    fn a_tag_is_never_the_one_that_means_nobody() {
        assert_eq!(fold(u128::from(u64::MAX) << 64 | u128::from(u64::MAX)), 1);
        assert_eq!(fold(1 << 64 | 6), 7);
    }
}
