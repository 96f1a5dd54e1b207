//! The keys of all nodes of a roll, one node after the other: read from the shelf in large pieces where a roll lies on one.

use std::borrow::Cow;
use std::ops::Range;

use super::roll::Roll;
use crate::model::texts::{Gathered, Texts};

/// Nodes read together by [`Keys`].
const NODES_AT_ONCE: u32 = 1 << 16;

/// The keys of nodes that are asked for one after the other.
#[derive(Debug)]
pub struct Keys<'r> {
    roll: &'r Roll,
    nodes: Range<u32>,
    names: Gathered,
    first_place: u32,
    places: Texts,
}

impl<'r> Keys<'r> {
    /// Keys of a roll.
    pub fn new(roll: &'r Roll) -> Self {
        Self { roll, nodes: 0..0, names: Gathered::default(), first_place: 0, places: Texts::default() }
    }

    /// Name key and mail key of a node.
    pub fn of(&mut self, node: u32) -> (&str, Cow<'_, str>) {
        if !self.nodes.contains(&node) {
            self.nodes = node..(node + NODES_AT_ONCE).min(self.roll.nodes.len() as u32);
            let nodes = &self.roll.nodes[node as usize..self.nodes.end as usize];
            self.names = self.roll.name_keys.gather(nodes.iter().map(|n| n.name));
            let places = nodes.first().map_or(0, |n| n.place)..nodes.last().map_or(0, |n| n.place + 1);
            self.first_place = places.start;
            self.places = self.roll.place_keys.slice(places);
        }
        let at = node - self.nodes.start;
        (self.names.get(at as usize), self.places.get(self.roll.nodes[node as usize].place - self.first_place))
    }
}
