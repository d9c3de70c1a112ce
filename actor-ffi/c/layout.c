/* Prints the layout of the declarations in actor.h, to be compared with those of actor.zig. */
#include <actor.h>

#include <stdio.h>

#define STRUCTURE(name) printf(#name " %zu\n", sizeof(name))
#define FIELD(name, field) printf(#name "." #field " %zu\n", offsetof(name, field))
#define CONSTANTS(prefix, name) printf(prefix " %zu\n", sizeof(name))
#define CONSTANT(name) printf(#name " %u\n", (unsigned)(name))

int main(void) {
    CONSTANTS("ACTOR_", actor_status);
    CONSTANT(ACTOR_OK);
    CONSTANT(ACTOR_FULL);
    CONSTANT(ACTOR_FULL_SHARE);
    CONSTANT(ACTOR_CLOSED);
    CONSTANT(ACTOR_EMPTY);
    CONSTANT(ACTOR_ENDED);
    CONSTANT(ACTOR_INVALID);
    CONSTANTS("ACTOR_", actor_outcome);
    CONSTANT(ACTOR_ANSWERED);
    CONSTANT(ACTOR_DROPPED);
    CONSTANTS("ACTOR_LANE_", actor_lane_kind);
    CONSTANT(ACTOR_LANE_CONTROL);
    CONSTANT(ACTOR_LANE_FIFO);
    CONSTANT(ACTOR_LANE_NEWEST_FIRST);
    CONSTANT(ACTOR_LANE_LATEST);
    CONSTANT(ACTOR_LANE_LATEST_BY_KEY);
    STRUCTURE(actor_lane_config);
    FIELD(actor_lane_config, name);
    FIELD(actor_lane_config, kind);
    FIELD(actor_lane_config, weight);
    FIELD(actor_lane_config, capacity);
    FIELD(actor_lane_config, share);
    STRUCTURE(actor_mailbox_config);
    FIELD(actor_mailbox_config, size);
    FIELD(actor_mailbox_config, lane_size);
    FIELD(actor_mailbox_config, lanes);
    FIELD(actor_mailbox_config, lane_count);
    FIELD(actor_mailbox_config, drop_message);
    FIELD(actor_mailbox_config, wake);
    FIELD(actor_mailbox_config, context);
    STRUCTURE(actor_delivery);
    FIELD(actor_delivery, message);
    FIELD(actor_delivery, reply);
    FIELD(actor_delivery, source);
    FIELD(actor_delivery, lane);
    STRUCTURE(actor_turn);
    FIELD(actor_turn, handled);
    FIELD(actor_turn, has_more);
    FIELD(actor_turn, has_ended);
    STRUCTURE(actor_lane_stats);
    FIELD(actor_lane_stats, size);
    FIELD(actor_lane_stats, name);
    FIELD(actor_lane_stats, capacity);
    FIELD(actor_lane_stats, accepted);
    FIELD(actor_lane_stats, handled);
    FIELD(actor_lane_stats, refused);
    FIELD(actor_lane_stats, over_share);
    FIELD(actor_lane_stats, evicted);
    FIELD(actor_lane_stats, undelivered);
    FIELD(actor_lane_stats, high_water);
    FIELD(actor_lane_stats, depth);
    return 0;
}
