#include "audio/port/ble_esp.h"

#include "sdkconfig.h"

#if CONFIG_BT_NIMBLE_ENABLED

#include <stdatomic.h>
#include <string.h>

#include "host/ble_hs.h"
#include "host/util/util.h"
#include "nimble/nimble_port.h"
#include "nimble/nimble_port_freertos.h"
#include "services/gap/ble_svc_gap.h"
#include "services/gatt/ble_svc_gatt.h"

/* NimBLE's own levels have the names of ours. */
#undef LOG_LEVEL_ERROR
#undef LOG_LEVEL_WARN
#undef LOG_LEVEL_INFO
#undef LOG_LEVEL_DEBUG
#include "lib/port/log.h"

#if CONFIG_BT_NIMBLE_L2CAP_COC_MAX_NUM >= 1
#define BLE_ESP_CHANNEL 1
#else
#define BLE_ESP_CHANNEL 0
#endif

enum {
    PSM = 0x80,            /* the first of those that are not assigned */
    CHANNEL_IN_BYTES = 64, /* of what a peer may say there: nothing of interest */
    ATT_MTU = 512,
    DATA_LENGTH = 251,
    DATA_LENGTH_US = 2120,
    INTERVAL_LEAST = 12, /* 15 ms */
    INTERVAL_MOST = 24,  /* 30 ms */
    SUPERVISION = 400,   /* 4 s */
    BLOCK_BYTES = 200,   /* of one msys block that packets use, headers left out */
    AUDIO = 2,           /* the 16-bit parts of the UUIDs, see gattcast.h */
    FORMAT = 3,
    CONTROL = 4,
    STATS = 5,
    PSM_VALUE = 6,
    CHARACTERISTICS = 7,
};

/* e5a0xxxx-7a3c-4d5e-9b1f-2c6d8e0f4a10, little-endian */
#define OUR_UUID(part)                                                                             \
    BLE_UUID128_INIT(0x10, 0x4a, 0x0f, 0x8e, 0x6d, 0x2c, 0x1f, 0x9b, 0x5e, 0x4d, 0x3c, 0x7a,       \
                     (part), 0x00, 0xa0, 0xe5)

static const ble_uuid128_t SERVICE = OUR_UUID(1);
static const ble_uuid128_t UUIDS[CHARACTERISTICS] = {
    [AUDIO] = OUR_UUID(AUDIO), [FORMAT] = OUR_UUID(FORMAT),       [CONTROL] = OUR_UUID(CONTROL),
    [STATS] = OUR_UUID(STATS), [PSM_VALUE] = OUR_UUID(PSM_VALUE),
};
static const ble_uuid16_t DEVICE_INFORMATION = BLE_UUID16_INIT(0x180A);
static const ble_uuid16_t FIRMWARE_REVISION = BLE_UUID16_INIT(0x2A26);
static const ble_uuid16_t MODEL_NUMBER = BLE_UUID16_INIT(0x2A24);

static const struct ble_esp_config *s_config;
static const struct radio_ears *s_ears;
static uint16_t s_handles[CHARACTERISTICS];
static _Atomic uint16_t s_connection = BLE_HS_CONN_HANDLE_NONE;
static _Atomic(struct ble_l2cap_chan *) s_channel;
static atomic_bool s_wants_peers;
static atomic_bool s_synced;
static int s_free_at_rest; /* buffers, when the peer came */
static int s_blocks = 1;   /* of the packets of now */

static void on_failure(const char *step, int rc)
{
    if (rc != 0)
        log_line(LOG_LEVEL_WARN, "ble step=%s code=%d", step, rc);
}

/* ---- struct radio ---- */

static enum err from_nimble(int rc)
{
    switch (rc) {
    case 0:
    case BLE_HS_ESTALLED: return ERR_OK; /* that: taken, and sent when the peer gives credits */
    case BLE_HS_ENOMEM:
    case BLE_HS_EBUSY: return ERR_FULL;
    default: return ERR_IO; /* theirs is not our enum */
    }
}

static struct os_mbuf *packet(const void *data, size_t len)
{
    s_blocks = 1 + (int)(len / BLOCK_BYTES);
    return ble_hs_mbuf_from_flat(data, (uint16_t)len);
}

static enum err radio_notify(void *ctx, uint16_t characteristic, const void *data, size_t len)
{
    uint16_t connection = atomic_load(&s_connection);
    (void)ctx;
    if (connection == BLE_HS_CONN_HANDLE_NONE)
        return ERR_IO;
    struct os_mbuf *om =
        characteristic == AUDIO ? packet(data, len) : ble_hs_mbuf_from_flat(data, (uint16_t)len);
    if (om == NULL)
        return ERR_FULL;
    return from_nimble(ble_gatts_notify_custom(connection, s_handles[characteristic], om));
}

static enum err radio_push(void *ctx, const void *data, size_t len)
{
    (void)ctx;
#if BLE_ESP_CHANNEL
    struct ble_l2cap_chan *channel = atomic_load(&s_channel);
    if (channel == NULL)
        return ERR_IO;
    struct os_mbuf *om = packet(data, len);
    if (om == NULL)
        return ERR_FULL;
    int rc = ble_l2cap_send(channel, om);
    if (rc == BLE_HS_EBUSY || rc == BLE_HS_EBADDATA)
        (void)os_mbuf_free_chain(om); /* in all other cases the stack has it */
    return from_nimble(rc);
#else
    (void)data;
    (void)len;
    return ERR_IO;
#endif
}

static unsigned radio_waiting(void *ctx)
{
    (void)ctx;
    int used = s_free_at_rest - os_msys_num_free();
    return used <= 0 ? 0 : (unsigned)((used + s_blocks - 1) / s_blocks);
}

static struct radio_link radio_look(void *ctx)
{
    struct radio_link link = {0};
    struct ble_gap_conn_desc desc;
    uint16_t connection = atomic_load(&s_connection);
    uint8_t in = 0;
    (void)ctx;
    if (ble_gap_conn_find(connection, &desc) == 0)
        link.interval = desc.conn_itvl;
    if (ble_gap_conn_rssi(connection, &link.rssi_dbm) != 0)
        link.rssi_dbm = 0;
    if (ble_gap_read_le_phy(connection, &link.phy, &in) != 0)
        link.phy = 0;
    return link;
}

static void radio_hurry(void *ctx)
{
    const struct ble_gap_upd_params wish = {
        .itvl_min = INTERVAL_LEAST, .itvl_max = INTERVAL_MOST, .supervision_timeout = SUPERVISION};
    uint16_t connection = atomic_load(&s_connection);
    (void)ctx;
    on_failure("length", ble_gap_set_data_len(connection, DATA_LENGTH, DATA_LENGTH_US));
    on_failure("interval", ble_gap_update_params(connection, &wish));
#if CONFIG_SOC_BLE_50_SUPPORTED
    on_failure("phy",
               ble_gap_set_prefered_le_phy(connection, BLE_GAP_LE_PHY_2M_MASK,
                                           BLE_GAP_LE_PHY_2M_MASK, BLE_GAP_LE_PHY_CODED_ANY));
#endif
}

static void radio_secure(void *ctx)
{
    (void)ctx;
    int rc = ble_gap_security_initiate(atomic_load(&s_connection));
    if (rc != BLE_HS_EALREADY)
        on_failure("pair", rc);
}

static int on_gap(struct ble_gap_event *event, void *arg);

static void start_advertising(void)
{
    uint8_t address_type;
    const struct ble_gap_adv_params params = {.conn_mode = BLE_GAP_CONN_MODE_UND,
                                              .disc_mode = BLE_GAP_DISC_MODE_GEN};
    const struct ble_hs_adv_fields service = {
        .flags = BLE_HS_ADV_F_DISC_GEN | BLE_HS_ADV_F_BREDR_UNSUP,
        .uuids128 = &SERVICE,
        .num_uuids128 = 1,
        .uuids128_is_complete = 1,
    };
    /* Both do not fit one packet. */
    const struct ble_hs_adv_fields name = {.name = (const uint8_t *)s_config->name,
                                           .name_len = (uint8_t)strlen(s_config->name),
                                           .name_is_complete = 1};
    int rc = ble_hs_id_infer_auto(0, &address_type);
    if (rc == 0)
        rc = ble_gap_adv_set_fields(&service);
    if (rc == 0)
        rc = ble_gap_adv_rsp_set_fields(&name);
    if (rc == 0)
        rc = ble_gap_adv_start(address_type, NULL, BLE_HS_FOREVER, &params, on_gap, NULL);
    if (rc != BLE_HS_EALREADY)
        on_failure("advertise", rc);
}

static void radio_advertise(void *ctx)
{
    (void)ctx;
    atomic_store(&s_wants_peers, true);
    if (atomic_load(&s_synced))
        start_advertising();
}

static void radio_quiet(void *ctx)
{
    uint16_t connection = atomic_load(&s_connection);
    (void)ctx;
    atomic_store(&s_wants_peers, false);
    if (!atomic_load(&s_synced))
        return;
    (void)ble_gap_adv_stop(); /* "already" is fine */
    if (connection != BLE_HS_CONN_HANDLE_NONE)
        on_failure("end", ble_gap_terminate(connection, BLE_ERR_REM_USER_CONN_TERM));
}

const struct radio *ble_esp_radio(void)
{
    static const struct radio s_radio = {.notify = radio_notify,
                                         .push = radio_push,
                                         .waiting = radio_waiting,
                                         .look = radio_look,
                                         .hurry = radio_hurry,
                                         .secure = radio_secure,
                                         .advertise = radio_advertise,
                                         .quiet = radio_quiet};
    return &s_radio;
}

uint16_t ble_esp_psm(void)
{
    return BLE_ESP_CHANNEL ? PSM : 0;
}

/* ---- what NimBLE tells, in its own task ---- */

static void on_connected(const struct ble_gap_event *event)
{
    if (event->connect.status != 0) {
        start_advertising();
        return;
    }
    atomic_store(&s_connection, event->connect.conn_handle);
    s_free_at_rest = os_msys_num_free();
    s_ears->connected(s_ears->ctx);
}

static void on_subscribed(const struct ble_gap_event *event)
{
    for (uint16_t i = AUDIO; i < CHARACTERISTICS; i++) {
        if (s_handles[i] == event->subscribe.attr_handle)
            s_ears->subscribed(s_ears->ctx, i, event->subscribe.cur_notify != 0);
    }
}

static void on_encrypted(uint16_t connection, int status)
{
    struct ble_gap_conn_desc desc;
    if (status == 0 && ble_gap_conn_find(connection, &desc) == 0 && desc.sec_state.encrypted)
        s_ears->secured(s_ears->ctx);
}

/* The peer has forgotten us: we forget it as well. */
static int on_paired_again(uint16_t connection)
{
    struct ble_gap_conn_desc desc;
    if (ble_gap_conn_find(connection, &desc) == 0)
        on_failure("forget", ble_store_util_delete_peer(&desc.peer_id_addr));
    return BLE_GAP_REPEAT_PAIRING_RETRY;
}

static int on_gap(struct ble_gap_event *event, void *arg)
{
    (void)arg;
    switch (event->type) {
    case BLE_GAP_EVENT_CONNECT: on_connected(event); return 0;
    case BLE_GAP_EVENT_DISCONNECT:
        atomic_store(&s_connection, BLE_HS_CONN_HANDLE_NONE);
        s_ears->gone(s_ears->ctx);
        return 0;
    case BLE_GAP_EVENT_ADV_COMPLETE:
        if (atomic_load(&s_wants_peers))
            start_advertising();
        return 0;
    case BLE_GAP_EVENT_MTU: s_ears->mtu(s_ears->ctx, event->mtu.value); return 0;
    case BLE_GAP_EVENT_SUBSCRIBE: on_subscribed(event); return 0;
    case BLE_GAP_EVENT_ENC_CHANGE:
        on_encrypted(event->enc_change.conn_handle, event->enc_change.status);
        return 0;
    case BLE_GAP_EVENT_REPEAT_PAIRING: return on_paired_again(event->repeat_pairing.conn_handle);
    default: return 0; /* theirs is not our enum, and grows */
    }
}

static int on_value(uint16_t connection, uint16_t handle, struct ble_gatt_access_ctxt *access,
                    void *arg)
{
    uint16_t part = (uint16_t)(uintptr_t)arg;
    uint8_t value[RADIO_VALUE_MAX];
    uint16_t len = 0;
    (void)connection;
    (void)handle;
    if (access->op == BLE_GATT_ACCESS_OP_READ_CHR) {
        size_t n = s_ears->read(s_ears->ctx, part, value);
        return os_mbuf_append(access->om, value, (uint16_t)n) == 0 ? 0
                                                                   : BLE_ATT_ERR_INSUFFICIENT_RES;
    }
    if (access->op != BLE_GATT_ACCESS_OP_WRITE_CHR || part != CONTROL)
        return BLE_ATT_ERR_UNLIKELY;
    if (ble_hs_mbuf_to_flat(access->om, value, sizeof value, &len) != 0)
        return BLE_ATT_ERR_INVALID_ATTR_VALUE_LEN;
    return (int)s_ears->control(s_ears->ctx, value, len);
}

static int on_text(uint16_t connection, uint16_t handle, struct ble_gatt_access_ctxt *access,
                   void *arg)
{
    (void)connection;
    (void)handle;
    const char *text = arg == NULL ? s_config->version : CONFIG_IDF_TARGET;
    return os_mbuf_append(access->om, text, (uint16_t)strlen(text)) == 0
               ? 0
               : BLE_ATT_ERR_INSUFFICIENT_RES;
}

#if BLE_ESP_CHANNEL

/* NimBLE wants room for what the peer might say. */
static int make_room(struct ble_l2cap_chan *channel)
{
    struct os_mbuf *om = os_msys_get_pkthdr(CHANNEL_IN_BYTES, 0);
    return om == NULL ? BLE_HS_ENOMEM : ble_l2cap_recv_ready(channel, om);
}

static int on_channel(struct ble_l2cap_event *event, void *arg)
{
    struct ble_l2cap_chan_info info;
    (void)arg;
    switch (event->type) {
    case BLE_L2CAP_EVENT_COC_ACCEPT: return make_room(event->accept.chan);
    case BLE_L2CAP_EVENT_COC_CONNECTED:
        if (event->connect.status != 0 || ble_l2cap_get_chan_info(event->connect.chan, &info) != 0)
            return 0;
        atomic_store(&s_channel, event->connect.chan);
        s_ears->channel(s_ears->ctx, info.peer_coc_mtu);
        return 0;
    case BLE_L2CAP_EVENT_COC_DISCONNECTED:
        /* The stack frees the channel when this returns; nobody pushes while `channel` runs. */
        atomic_store(&s_channel, NULL);
        s_ears->channel(s_ears->ctx, 0);
        return 0;
    case BLE_L2CAP_EVENT_COC_DATA_RECEIVED:
        (void)os_mbuf_free_chain(event->receive.sdu_rx);
        return make_room(event->receive.chan);
    default: return 0; /* theirs is not our enum */
    }
}

#endif

static void on_sync(void)
{
    on_failure("address", ble_hs_util_ensure_addr(0));
    atomic_store(&s_synced, true);
    if (atomic_load(&s_wants_peers))
        start_advertising();
}

static void on_reset(int reason)
{
    atomic_store(&s_synced, false); /* on_sync comes again */
    log_line(LOG_LEVEL_WARN, "the Bluetooth stack starts again code=%d", reason);
}

static void host_task(void *arg)
{
    (void)arg;
    nimble_port_run();
    nimble_port_freertos_deinit();
}

/* ---- start ---- */

#define VALUE(part, bits)                                                                          \
    {                                                                                              \
        .uuid = &UUIDS[part].u, .access_cb = on_value, .arg = (void *)(uintptr_t)(part),           \
        .flags = (bits), .val_handle = &s_handles[part]                                            \
    }

static const struct ble_gatt_chr_def OURS[] = {
    VALUE(AUDIO, BLE_GATT_CHR_F_NOTIFY),
    VALUE(FORMAT, BLE_GATT_CHR_F_READ | BLE_GATT_CHR_F_NOTIFY),
    VALUE(CONTROL, BLE_GATT_CHR_F_WRITE),
    VALUE(STATS, BLE_GATT_CHR_F_READ | BLE_GATT_CHR_F_NOTIFY),
    VALUE(PSM_VALUE, BLE_GATT_CHR_F_READ),
    {0},
};

static const struct ble_gatt_chr_def INFORMATION[] = {
    {.uuid = &FIRMWARE_REVISION.u, .access_cb = on_text, .flags = BLE_GATT_CHR_F_READ},
    {.uuid = &MODEL_NUMBER.u,
     .access_cb = on_text,
     .arg = s_handles, /* anything but NULL */
     .flags = BLE_GATT_CHR_F_READ},
    {0},
};

static const struct ble_gatt_svc_def SERVICES[] = {
    {.type = BLE_GATT_SVC_TYPE_PRIMARY, .uuid = &SERVICE.u, .characteristics = OURS},
    {.type = BLE_GATT_SVC_TYPE_PRIMARY,
     .uuid = &DEVICE_INFORMATION.u,
     .characteristics = INFORMATION},
    {0},
};

void ble_store_config_init(void); /* NimBLE has no header for it in every version */

static void configure(bool pairing)
{
    ble_hs_cfg.sync_cb = on_sync;
    ble_hs_cfg.reset_cb = on_reset;
    ble_hs_cfg.store_status_cb = ble_store_util_status_rr; /* a full store forgets the oldest */
    ble_hs_cfg.sm_io_cap = BLE_HS_IO_NO_INPUT_OUTPUT;
    ble_hs_cfg.sm_bonding = pairing;
    ble_hs_cfg.sm_sc = 1;
    ble_hs_cfg.sm_our_key_dist = BLE_SM_PAIR_KEY_DIST_ENC | BLE_SM_PAIR_KEY_DIST_ID;
    ble_hs_cfg.sm_their_key_dist = BLE_SM_PAIR_KEY_DIST_ENC | BLE_SM_PAIR_KEY_DIST_ID;
}

enum err ble_esp_start(const struct ble_esp_config *config, const struct radio_ears *ears)
{
    s_config = config;
    s_ears = ears;
    int rc = nimble_port_init();
    if (rc != 0) {
        on_failure("start", rc);
        return ERR_IO;
    }
    configure(config->pairing);
    ble_svc_gap_init();
    ble_svc_gatt_init();
    rc = ble_gatts_count_cfg(SERVICES);
    if (rc == 0)
        rc = ble_gatts_add_svcs(SERVICES);
    if (rc == 0)
        rc = ble_svc_gap_device_name_set(config->name);
    if (rc == 0)
        rc = ble_att_set_preferred_mtu(ATT_MTU);
#if BLE_ESP_CHANNEL
    if (rc == 0)
        rc = ble_l2cap_create_server(PSM, CHANNEL_IN_BYTES, on_channel, NULL);
#endif
    if (rc != 0) {
        on_failure("services", rc);
        return ERR_IO;
    }
    ble_store_config_init();
    nimble_port_freertos_init(host_task);
    return ERR_OK;
}

#else /* a build without NimBLE */

static const struct radio s_none;

const struct radio *ble_esp_radio(void)
{
    return &s_none;
}

uint16_t ble_esp_psm(void)
{
    return 0;
}

enum err ble_esp_start(const struct ble_esp_config *config, const struct radio_ears *ears)
{
    (void)config;
    (void)ears;
    return ERR_INPUT;
}

#endif
