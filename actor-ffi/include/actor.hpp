/* The mailbox for C++17, as values with an owner. Header-only, over actor.h.
 *
 *     struct Block { int slot; };
 *     actor::Mailbox<Block> mailbox({actor::Lane::fifo("blocks", 256)}, [&] { loop.wake(); });
 *     actor::Handle<Block> handle = mailbox.handle();        // any number of copies, any thread
 *     if (auto sent = handle.try_tell(0, std::make_unique<Block>(Block{1})); !sent)
 *         retry_later(std::move(sent.message));              // refused: the message is back
 *
 *     actor::Turn turn = mailbox.drain(64, [&](actor::Delivery<Block> delivery) {
 *         chain.import(*delivery.message);
 *     });
 *     if (turn.has_more) loop.call_again();                  // no wake will come
 *
 * Exceptions. No exception enters or leaves the C library.
 *   - Thrown by a handler: `drain` rethrows it at once. Its message is gone, and its ask is
 *     dropped. The messages behind it stay in the mailbox. The owner's sleep is not announced, so
 *     the caller has to drain again.
 *   - Thrown by the hook of `destroy`: the other messages are passed to the hook first. Then the
 *     first exception is rethrown.
 *   - Thrown by `wake`, by an `on_reply`, or by the destructor of a message: std::terminate.
 *
 * Threads. As in actor.h: a Handle serves any thread; a Mailbox belongs to the thread that first
 * drains it, and has to be destroyed there. A use after a move aborts with a sentence. */
#ifndef ACTOR_HPP
#define ACTOR_HPP

#include "actor.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace actor {

using Turn = actor_turn;

/// One lane of a mailbox. The name must live until the mailbox is made.
class Lane {
  public:
    static Lane control(const char *name, std::size_t capacity) {
        return Lane(name, ACTOR_LANE_CONTROL, capacity);
    }
    static Lane fifo(const char *name, std::size_t capacity) {
        return Lane(name, ACTOR_LANE_FIFO, capacity);
    }
    static Lane newest_first(const char *name, std::size_t capacity) {
        return Lane(name, ACTOR_LANE_NEWEST_FIRST, capacity);
    }
    static Lane latest(const char *name) { return Lane(name, ACTOR_LANE_LATEST, 1); }
    static Lane latest_by_key(const char *name, std::size_t keys) {
        return Lane(name, ACTOR_LANE_LATEST_BY_KEY, keys);
    }

    /// Returns this lane, served so many messages in its turn.
    Lane weight(std::uint32_t messages) const {
        Lane lane = *this;
        lane.config_.weight = messages;
        return lane;
    }
    /// Returns this lane with a bound for the waiting messages of each source.
    Lane share(std::size_t messages) const {
        Lane lane = *this;
        lane.config_.share = messages;
        return lane;
    }

    const actor_lane_config &config() const noexcept { return config_; }

  private:
    Lane(const char *name, actor_lane_kind kind, std::size_t capacity) : config_() {
        config_.name = name;
        config_.kind = kind;
        config_.capacity = capacity;
    }

    actor_lane_config config_;
};

/// The answer type of mailboxes without asks.
struct NoAnswer {};

/// The result of a send.
template <class T> struct [[nodiscard]] Sent {
    actor_status status;
    /// The message, if it was refused.
    std::unique_ptr<T> message;

    /// Returns whether the message was accepted.
    explicit operator bool() const noexcept { return status == ACTOR_OK; }
    /// Returns a sentence: "the lane is full".
    const char *text() const noexcept { return actor_status_text(status); }
};

/// The reply of an ask. The asker receives NULL if it is dropped unsent.
template <class A> class Reply {
  public:
    Reply() noexcept = default;
    explicit Reply(actor_reply *reply) noexcept : reply_(reply) {}

    /// Returns whether the message is an ask that was not answered yet.
    explicit operator bool() const noexcept { return reply_ != nullptr; }

    /// Answers, once. The asker's function runs inside this call.
    void send(std::unique_ptr<A> answer) {
        actor_reply_send(reply_.release(), answer.release());
    }

  private:
    struct Drop {
        void operator()(actor_reply *reply) const noexcept { actor_reply_drop(reply); }
    };
    std::unique_ptr<actor_reply, Drop> reply_;
};

/// A message in the owner's hands.
template <class T, class A = NoAnswer> struct Delivery {
    std::unique_ptr<T> message;
    /// False unless the message is an ask.
    Reply<A> reply;
    /// The sender's source or key, or ACTOR_NO_SOURCE.
    std::uint64_t source;
    std::size_t lane;

    explicit Delivery(const actor_delivery &from) noexcept
        : message(static_cast<T *>(from.message)), reply(from.reply), source(from.source),
          lane(from.lane) {}
};

template <class T, class A> class Mailbox;

/// The sending end. A copy is a further handle to the same mailbox.
template <class T, class A = NoAnswer> class Handle {
  public:
    /// Receives the answer, or NULL if none will come. Runs on any thread.
    using OnReply = std::function<void(std::unique_ptr<A>)>;

    Handle(const Handle &other) : handle_(actor_handle_clone(other.handle_.get())) {}
    Handle(Handle &&) noexcept = default;
    Handle &operator=(const Handle &other) { return *this = Handle(other); }
    Handle &operator=(Handle &&) noexcept = default;

    /// Sends a message, or returns it at once. Never waits. Any thread.
    Sent<T> try_tell(std::size_t lane, std::unique_ptr<T> message) const {
        return try_tell_from(lane, ACTOR_NO_SOURCE, std::move(message));
    }

    /// Sends a message with its source, or with its key.
    Sent<T> try_tell_from(std::size_t lane, std::uint64_t source,
                          std::unique_ptr<T> message) const {
        T *sent = message.release();
        return settled(actor_try_tell_from(handle_.get(), lane, source, sent), sent);
    }

    /// Waits for room without a bound, or until the mailbox is closed.
    static constexpr std::chrono::milliseconds no_timeout = std::chrono::milliseconds::max();

    /// Sends a message, and waits for room for at most `timeout`. Without room by then, ACTOR_FULL
    /// returns the message; so does ACTOR_CLOSED if the mailbox is closed meanwhile. A timeout of
    /// 0 or less does not wait. Any thread but the owner's, where it aborts: the owner makes room.
    Sent<T> tell(std::size_t lane, std::unique_ptr<T> message,
                 std::chrono::milliseconds timeout) const {
        return tell_from(lane, ACTOR_NO_SOURCE, std::move(message), timeout);
    }

    /// As `tell`, with the source of the message, or with its key.
    Sent<T> tell_from(std::size_t lane, std::uint64_t source, std::unique_ptr<T> message,
                      std::chrono::milliseconds timeout) const {
        const std::chrono::milliseconds::rep count = timeout.count();
        const std::uint64_t bound = timeout == no_timeout ? UINT64_MAX
                                    : count > 0           ? static_cast<std::uint64_t>(count)
                                                          : 0;
        T *sent = message.release();
        return settled(actor_tell(handle_.get(), lane, source, sent, bound), sent);
    }

    /// Sends an ask. If it is accepted, `on_reply` is called exactly once.
    Sent<T> try_ask(std::size_t lane, std::unique_ptr<T> message, OnReply on_reply,
                    std::uint64_t source = ACTOR_NO_SOURCE) const {
        auto asking = std::make_unique<OnReply>(std::move(on_reply));
        T *sent = message.release();
        actor_status status =
            actor_try_ask(handle_.get(), lane, source, sent, &Handle::report, asking.get());
        if (status == ACTOR_OK)
            (void)asking.release(); // `report` owns it, and may have deleted it
        return settled(status, sent);
    }

    /// Sends an ask. The future has the answer, or NULL if none will come. If the ask is refused,
    /// the future has NULL at once.
    std::pair<Sent<T>, std::future<std::unique_ptr<A>>>
    try_ask(std::size_t lane, std::unique_ptr<T> message) const {
        auto promise = std::make_shared<std::promise<std::unique_ptr<A>>>();
        auto future = promise->get_future();
        auto sent = try_ask(lane, std::move(message), [promise](std::unique_ptr<A> answer) {
            promise->set_value(std::move(answer));
        });
        if (!sent)
            promise->set_value(nullptr);
        return {std::move(sent), std::move(future)};
    }

    /// Returns whether the mailbox is closed or destroyed.
    bool is_closed() const { return actor_handle_is_closed(handle_.get()); }

  private:
    friend class Mailbox<T, A>;
    explicit Handle(actor_handle *handle) noexcept : handle_(handle) {}

    static Sent<T> settled(actor_status status, T *message) {
        return {status, std::unique_ptr<T>(status == ACTOR_OK ? nullptr : message)};
    }

    static void report(void *context, actor_outcome, void *answer) noexcept {
        std::unique_ptr<OnReply> asking(static_cast<OnReply *>(context));
        (*asking)(std::unique_ptr<A>(static_cast<A *>(answer)));
    }

    struct Drop {
        void operator()(actor_handle *handle) const noexcept { actor_handle_drop(handle); }
    };
    std::unique_ptr<actor_handle, Drop> handle_;
};

/// The receiving end, for one thread. Its destructor drops the messages that were not taken.
template <class T, class A = NoAnswer> class Mailbox {
  public:
    /// Creates a mailbox. `wake` is called on the thread of a sender, at most once for each sleep,
    /// and never after the destructor or `destroy`. Throws std::invalid_argument for lanes that are
    /// not possible, with a sentence that names the lane and the remedy.
    explicit Mailbox(const std::vector<Lane> &lanes, std::function<void()> wake = {})
        : wake_(std::make_unique<std::function<void()>>(std::move(wake))) {
        std::vector<actor_lane_config> configs;
        for (const Lane &lane : lanes)
            configs.push_back(lane.config());
        actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
        config.lanes = configs.data();
        config.lane_count = configs.size();
        config.drop_message = &Mailbox::drop_message;
        config.wake = *wake_ ? &Mailbox::call_wake : nullptr;
        config.context = wake_.get();
        actor_mailbox *made = nullptr;
        if (actor_mailbox_new(&config, &made) != ACTOR_OK)
            throw std::invalid_argument(actor_last_error());
        mailbox_.reset(made);
    }

    Mailbox(Mailbox &&) noexcept = default;
    /// Destroys the mailbox replaced.
    Mailbox &operator=(Mailbox &&other) noexcept {
        mailbox_ = std::move(other.mailbox_); // first, because its end still uses `wake_`
        wake_ = std::move(other.wake_);
        return *this;
    }

    /// Creates a handle.
    Handle<T, A> handle() const { return Handle<T, A>(actor_handle_new(mailbox_.get())); }

    /// Passes up to `budget` messages to the handler: control lanes first, then data lanes by
    /// turns. The handler takes a `Delivery<T, A>`. Rethrows an exception of the handler.
    template <class F> Turn drain(std::size_t budget, F &&handler) {
        Turn turn = {};
        turn.has_more = true;
        for (std::size_t handled = 0; handled < budget; handled++) {
            // One message for each call, because an exception has to end the turn.
            Call<F> call{handler, nullptr};
            turn = actor_mailbox_drain(mailbox_.get(), 1, &Call<F>::handle, &call);
            if (call.thrown)
                std::rethrow_exception(call.thrown);
            if (turn.handled == 0) {
                turn.handled = handled;
                return turn;
            }
        }
        turn.handled = budget;
        return turn;
    }

    /// Refuses later sends. The messages accepted before are still to be drained.
    void close() { actor_mailbox_close(mailbox_.get()); }

    /// Ends the mailbox, and passes each message that was not taken to the hook.
    template <class F> void destroy(F &&undelivered) {
        Call<F> call{undelivered, nullptr};
        actor_mailbox_destroy(mailbox_.release(), &Call<F>::handle, &call);
        if (call.thrown)
            std::rethrow_exception(call.thrown);
    }

  private:
    /// The C callback of a handler in C++.
    template <class F> struct Call {
        F &handler;
        std::exception_ptr thrown;

        static void handle(void *context, const actor_delivery *delivery) noexcept {
            Call &call = *static_cast<Call *>(context);
            Delivery<T, A> owned(*delivery);
            try {
                call.handler(std::move(owned));
            } catch (...) {
                if (!call.thrown)
                    call.thrown = std::current_exception();
            }
        }
    };

    static void drop_message(void *, void *message) noexcept {
        std::unique_ptr<T>(static_cast<T *>(message)).reset();
    }
    static void call_wake(void *context) noexcept {
        (*static_cast<std::function<void()> *>(context))();
    }

    struct Destroy {
        void operator()(actor_mailbox *mailbox) const noexcept {
            actor_mailbox_destroy(mailbox, nullptr, nullptr);
        }
    };
    // Before the mailbox, so that it is destroyed after it.
    std::unique_ptr<std::function<void()>> wake_;
    std::unique_ptr<actor_mailbox, Destroy> mailbox_;
};

} // namespace actor

#endif
