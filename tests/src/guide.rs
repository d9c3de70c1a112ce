//! The chapters of the guide, whose examples are tests.

#[doc = include_str!("../../docs/guide/src/first-actor.md")]
struct FirstActor;

#[doc = include_str!("../../docs/guide/src/lanes.md")]
struct Lanes;

#[doc = include_str!("../../docs/guide/src/asking.md")]
struct Asking;

#[doc = include_str!("../../docs/guide/src/shutting-down.md")]
struct ShuttingDown;

#[doc = include_str!("../../docs/guide/src/cookbook.md")]
struct Cookbook;

#[doc = include_str!("../../docs/guide/src/coming-from.md")]
struct ComingFrom;

#[doc = include_str!("../../docs/guide/src/actor-top.md")]
struct ActorTop;
