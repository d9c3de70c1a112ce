// A configuration without lanes, to start with.
#define ACTOR_MAILBOX_CONFIG_INIT \
  { sizeof(actor_mailbox_config), sizeof(actor_lane_config), NULL, 0, NULL, NULL, NULL }
