// An owner of state in C++: threads send blocks and questions, and a poll loop drains them.
// Prints the account of all messages, and ends with 1 if it does not add up.
#include <actor.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t CONTROL = 0, BLOCKS = 1, VOTES = 2;
constexpr int THREADS = 4, EACH = 2000;

/// Counts what exists, to show that nothing is lost or freed twice.
struct Counted {
    static inline std::atomic<int> alive{0};
    Counted() { alive++; }
    Counted(const Counted &) { alive++; }
    ~Counted() { alive--; }
};

struct Message : Counted {
    int slot = 0;
    bool is_faulty = false;

    explicit Message(int slot, bool is_faulty = false) : slot(slot), is_faulty(is_faulty) {}
};

struct Answer : Counted {
    int blocks;

    explicit Answer(int blocks) : blocks(blocks) {}
};

using Mailbox = actor::Mailbox<Message, Answer>;
using Handle = actor::Handle<Message, Answer>;
using Delivery = actor::Delivery<Message, Answer>;

void require(bool holds, const char *what) {
    if (!holds) {
        std::fprintf(stderr, "example.cpp: not so: %s\n", what);
        std::exit(1);
    }
}
#define REQUIRE(condition) require(static_cast<bool>(condition), #condition)

std::vector<actor::Lane> lanes() {
    return {actor::Lane::control("control", 16), actor::Lane::fifo("blocks", 64).share(16),
            actor::Lane::newest_first("votes", 32)};
}

/// Wakes a poll loop.
class Event {
  public:
    Event() : fd_(eventfd(0, EFD_CLOEXEC)) { REQUIRE(fd_ >= 0); }
    Event(const Event &) = delete;
    Event &operator=(const Event &) = delete;
    ~Event() { close(fd_); }

    void notify() const { REQUIRE(eventfd_write(fd_, 1) == 0); }
    void wait() const {
        pollfd event{fd_, POLLIN, 0};
        REQUIRE(poll(&event, 1, -1) == 1);
        eventfd_t count = 0;
        REQUIRE(eventfd_read(fd_, &count) == 0);
    }

  private:
    int fd_;
};

/// The state. It belongs to the loop's thread, so it has no lock.
struct Chain {
    int blocks = 0, votes = 0, goodbyes = 0, faults = 0;

    void handle(Delivery delivery) {
        if (delivery.message->is_faulty)
            throw std::runtime_error("block " + std::to_string(delivery.message->slot));
        if (delivery.reply)
            delivery.reply.send(std::make_unique<Answer>(blocks));
        else if (delivery.lane == BLOCKS)
            blocks++;
        else if (delivery.lane == VOTES)
            votes++;
        else
            goodbyes++;
    }
};

struct Account {
    std::atomic<int> blocks{0}, refused{0}, faulty{0}, answers{0};
};

void produce(Handle handle, std::uint64_t source, Account &account) {
    for (int slot = 1; slot <= EACH; slot++) {
        auto block = std::make_unique<Message>(slot, slot % 500 == 0);
        const bool is_faulty = block->is_faulty;
        // A refusal hands the message back: the same one is sent again.
        while (block) {
            auto sent = handle.try_tell_from(BLOCKS, source, std::move(block));
            account.refused += !sent;
            block = std::move(sent.message);
            if (block)
                std::this_thread::yield();
        }
        account.blocks++;
        account.faulty += is_faulty;
        (void)handle.try_tell(VOTES, std::make_unique<Message>(slot)); // evicts, never refuses
    }
    // A question with a future. An owner that never answers would leave NULL in it.
    auto [sent, answer] = handle.try_ask(CONTROL, std::make_unique<Message>(0));
    REQUIRE(sent);
    if (auto value = answer.get()) {
        REQUIRE(value->blocks > 0);
        account.answers++;
    }
    REQUIRE(handle.try_tell(CONTROL, std::make_unique<Message>(0)));
}

void many_threads() {
    Event event;
    Chain chain;
    Account account;
    Mailbox mailbox(lanes(), [&event] { event.notify(); });
    std::vector<std::thread> threads;
    for (int n = 0; n < THREADS; n++)
        threads.emplace_back(produce, mailbox.handle(), n, std::ref(account));

    // The goodbyes overtake blocks, because their lane is served first.
    auto is_done = [&] {
        return chain.goodbyes == THREADS && chain.blocks + chain.faults == account.blocks;
    };
    while (!is_done()) {
        try {
            auto turn = mailbox.drain(64, [&chain](Delivery delivery) {
                chain.handle(std::move(delivery));
            });
            if (!turn.has_more && !is_done())
                event.wait();
        } catch (const std::runtime_error &) {
            chain.faults++; // the turn ended, the rest is still there: drain again
        }
    }
    for (auto &thread : threads)
        thread.join();
    std::printf("blocks %d + faulty %d = sent %d, refused and sent again %d, answers %d\n",
                chain.blocks, chain.faults, account.blocks.load(), account.refused.load(),
                account.answers.load());
    REQUIRE(account.blocks == THREADS * EACH);
    REQUIRE(chain.blocks + chain.faults == account.blocks);
    REQUIRE(chain.faults == account.faulty);
    REQUIRE(account.answers == THREADS);
    REQUIRE(chain.votes > 0 && chain.votes <= THREADS * EACH);
}

void refusals_return_the_message() {
    Mailbox mailbox({actor::Lane::fifo("one", 1)});
    Handle handle = mailbox.handle();
    REQUIRE(handle.try_tell(0, std::make_unique<Message>(1)));
    auto full = handle.try_tell(0, std::make_unique<Message>(2));
    REQUIRE(!full && full.status == ACTOR_FULL && full.message->slot == 2);
    mailbox.close();
    bool is_called = false;
    auto closed = handle.try_ask(0, std::make_unique<Message>(3),
                                 [&is_called](std::unique_ptr<Answer>) { is_called = true; });
    REQUIRE(!closed && closed.status == ACTOR_CLOSED && closed.message->slot == 3);
    REQUIRE(handle.is_closed() && !is_called);
    auto [asked, answer] = handle.try_ask(0, std::make_unique<Message>(4));
    REQUIRE(!asked && answer.get() == nullptr);
}

void a_waiting_sender_gets_room_or_its_message_back() {
    using std::chrono::milliseconds;
    Mailbox mailbox({actor::Lane::fifo("one", 1)});
    std::vector<int> taken;
    auto take = [&taken](Delivery delivery) { taken.push_back(delivery.message->slot); };
    std::atomic<int> told{0};
    std::thread sender([&told, handle = mailbox.handle()] {
        REQUIRE(handle.tell(0, std::make_unique<Message>(1), Handle::no_timeout));
        for (auto timeout : {milliseconds(1), milliseconds(0), milliseconds::min()}) {
            auto late = handle.tell(0, std::make_unique<Message>(2), timeout);
            REQUIRE(late.status == ACTOR_FULL && late.message->slot == 2);
        }
        told = 1;
        REQUIRE(handle.tell_from(0, 7, std::make_unique<Message>(3), Handle::no_timeout));
        told = 2;
        // The third message fills the lane until the close.
        auto closed = handle.tell(0, std::make_unique<Message>(4), Handle::no_timeout);
        REQUIRE(closed.status == ACTOR_CLOSED && closed.message->slot == 4);
    });
    while (told < 1)
        std::this_thread::yield();
    REQUIRE(mailbox.drain(1, take).has_more);
    while (told < 2)
        std::this_thread::yield();
    mailbox.close();
    REQUIRE(mailbox.drain(9, take).has_ended);
    sender.join();
    REQUIRE(taken == std::vector<int>({1, 3}));
}

void the_end_hands_back_what_is_left() {
    int answers = 0, dropped = 0;
    auto count = [&](std::unique_ptr<Answer> answer) { (answer ? answers : dropped)++; };
    std::vector<int> left;
    Mailbox mailbox(lanes());
    Handle handle = mailbox.handle();
    for (int slot = 1; slot <= 3; slot++)
        REQUIRE(handle.try_ask(BLOCKS, std::make_unique<Message>(slot), count));
    mailbox.drain(1, [](Delivery delivery) {
        delivery.reply.send(std::make_unique<Answer>(0));
    });
    REQUIRE(answers == 1 && dropped == 0);
    bool is_thrown = false;
    try {
        mailbox.destroy([&left](Delivery delivery) {
            left.push_back(delivery.message->slot);
            throw std::runtime_error("the hook");
        });
    } catch (const std::runtime_error &) {
        is_thrown = true;
    }
    REQUIRE(is_thrown && left == std::vector<int>({2, 3}));
    REQUIRE(answers == 1 && dropped == 2);

    // Assignment ends the mailbox replaced: the messages in it and their asks end as well.
    Mailbox first(lanes()), second(lanes());
    REQUIRE(first.handle().try_ask(BLOCKS, std::make_unique<Message>(1), count));
    Handle of_second = second.handle();
    first = std::move(second);
    REQUIRE(dropped == 3);
    REQUIRE(of_second.try_tell(BLOCKS, std::make_unique<Message>(2)));
}

void impossible_lanes_are_named() {
    try {
        Mailbox mailbox({actor::Lane::fifo("blocks", 0)});
        REQUIRE(!"a mailbox was made");
    } catch (const std::invalid_argument &error) {
        REQUIRE(std::string(error.what()).find("blocks") != std::string::npos);
    }
}

} // namespace

int main() {
    many_threads();
    refusals_return_the_message();
    a_waiting_sender_gets_room_or_its_message_back();
    the_end_hands_back_what_is_left();
    impossible_lanes_are_named();
    std::printf("objects left: %d\n", Counted::alive.load());
    REQUIRE(Counted::alive == 0);
    return 0;
}
