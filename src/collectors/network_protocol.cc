// SPDX-License-Identifier: Apache-2.0
// What TCP, UDP, IP and ICMP did, and how many sockets there are.
// Reads  /proc/net/snmp       Udp: InDatagrams NoPorts InErrors ...   two lines for each protocol:
//        /proc/net/netstat    Udp: 59 0 0 ...                         names, then figures
//        /proc/net/snmp6      Udp6InErrors                    0
//        /proc/net/sockstat   TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 194
//        /proc/net/sockstat6  TCP6: inuse 0
// Units  counts since boot; sockets of now; memory in pages of 4 KiB on x86. Linux 2.6.
// TCP's counters are those of IPv4 and IPv6 together; those of UDP, IP and ICMP are IPv4's where
// the name has no 6.
// netstat and snmp6 cost more than all the rest: the kernel sums hundreds of figures over all CPUs.
// Nothing in netstat moves unless a segment came or went, which snmp tells: it is read when snmp
// has changed, and every 10 s; else its last figures still hold. IPv6's own are read every 10 s.
#include <string>
#include <vector>

#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "collectors/named_columns.h"
#include "kernel/fields.h"
#include "kernel/learned_names.h"

namespace tacho::collector_network_protocol {
namespace {

// By "section.name"; snmp6 has no sections.
constexpr NamedColumn kNamed[] = {
    {"Tcp.ActiveOpens", counter("tcp_opened_active", Unit::count, "TCP connections begun here.")},
    {"Tcp.PassiveOpens", counter("tcp_opened_passive", Unit::count, "TCP connections accepted.")},
    {"Tcp.AttemptFails", counter("tcp_attempts_failed", Unit::count, "TCP connections that did not "
                                                                     "come about.")},
    {"Tcp.EstabResets", counter("tcp_resets", Unit::count, "TCP connections that were reset.")},
    {"Tcp.OutRsts", counter("tcp_resets_transmit", Unit::count, "TCP resets sent.")},
    {"Tcp.CurrEstab", gauge("tcp_established", Unit::count, "TCP connections established now.",
                            "system.network.connection.count{network.transport=tcp,"
                            "network.connection.state=established}")},
    {"Tcp.InSegs", counter("tcp_segments_receive", Unit::count, "TCP segments received.")},
    {"Tcp.OutSegs", counter("tcp_segments_transmit", Unit::count, "TCP segments sent, without "
                                                                  "retransmitted ones.")},
    {"Tcp.RetransSegs", counter("tcp_retransmits", Unit::count, "TCP segments sent again.")},
    {"Tcp.InErrs", counter("tcp_errors_receive", Unit::count, "Bad TCP segments received.")},
    {"TcpExt.ListenOverflows", counter("tcp_listen_overflows", Unit::count,
                                       "Connections dropped: the queue of a listener was full.")},
    {"TcpExt.ListenDrops", counter("tcp_listen_drops", Unit::count,
                                   "Connections dropped by a listener for any reason.")},
    {"TcpExt.TCPReqQFullDrop", counter("tcp_request_drops", Unit::count,
                                       "Connection requests dropped: the queue was full.")},
    {"TcpExt.TCPReqQFullDoCookies", counter("tcp_request_cookies", Unit::count,
                                            "SYN cookies sent: the queue was full.")},
    {"TcpExt.TCPTimeouts", counter("tcp_timeouts", Unit::count, "TCP retransmission timeouts.")},
    {"TcpExt.TCPSynRetrans", counter("tcp_retransmits_syn", Unit::count,
                                     "TCP requests for a connection sent again.")},
    {"TcpExt.TCPLostRetransmit", counter("tcp_retransmits_lost", Unit::count,
                                         "TCP retransmits that were lost too.")},
    {"TcpExt.TCPRetransFail", counter("tcp_retransmits_failed", Unit::count,
                                      "TCP retransmits that could not be sent.")},
    {"TcpExt.TCPBacklogDrop", counter("tcp_backlog_drops", Unit::count,
                                      "TCP segments dropped: the socket's backlog was full.")},
    {"TcpExt.TCPRcvQDrop", counter("tcp_receive_queue_drops", Unit::count,
                                   "TCP segments dropped: the receive queue was full.")},
    {"TcpExt.TCPZeroWindowDrop", counter("tcp_zero_window_drops", Unit::count,
                                         "TCP segments dropped: the window was closed.")},
    {"TcpExt.PruneCalled", counter("tcp_pruned", Unit::count,
                                   "Times that receive memory of a socket had to be freed.")},
    {"TcpExt.TCPAbortOnMemory", counter("tcp_aborts_memory", Unit::count,
                                        "TCP connections given up for want of memory.")},
    {"TcpExt.TCPAbortOnTimeout", counter("tcp_aborts_timeout", Unit::count,
                                         "TCP connections given up after a timeout.")},
    {"TcpExt.TCPMemoryPressures", counter("tcp_memory_pressures", Unit::count,
                                          "Times that TCP came to be short of memory.")},
    {"TcpExt.TCPTimeWaitOverflow", counter("tcp_time_wait_overflows", Unit::count,
                                           "Closed connections forgotten early: too many.")},
    {"Udp.InDatagrams", counter("udp_datagrams_receive", Unit::count, "UDP datagrams received.")},
    {"Udp.OutDatagrams", counter("udp_datagrams_transmit", Unit::count, "UDP datagrams sent.")},
    {"Udp.NoPorts", counter("udp_no_port", Unit::count, "UDP datagrams that nobody listened for.")},
    {"Udp.InErrors", counter("udp_errors_receive", Unit::count,
                             "UDP datagrams received and not delivered.")},
    {"Udp.RcvbufErrors", counter("udp_receive_buffer_errors", Unit::count,
                                 "UDP datagrams dropped: the socket's buffer was full.")},
    {"Udp.SndbufErrors", counter("udp_send_buffer_errors", Unit::count,
                                 "UDP datagrams not sent: the socket's buffer was full.")},
    {"Udp6InDatagrams", counter("udp6_datagrams_receive", Unit::count,
                                "UDP datagrams received, IPv6.")},
    {"Udp6OutDatagrams", counter("udp6_datagrams_transmit", Unit::count,
                                 "UDP datagrams sent, IPv6.")},
    {"Udp6InErrors", counter("udp6_errors_receive", Unit::count,
                             "UDP datagrams received and not delivered, IPv6.")},
    {"Udp6RcvbufErrors", counter("udp6_receive_buffer_errors", Unit::count,
                                 "UDP datagrams dropped: the socket's buffer was full, IPv6.")},
    {"Ip.InReceives", counter("ip_packets_receive", Unit::count, "IP packets received.")},
    {"Ip.OutRequests", counter("ip_packets_transmit", Unit::count, "IP packets sent from here.")},
    {"Ip.ForwDatagrams", counter("ip_packets_forwarded", Unit::count, "IP packets passed on.")},
    {"Ip.InDiscards", counter("ip_discards_receive", Unit::count,
                              "Good IP packets dropped, for want of memory.")},
    {"Ip.OutDiscards", counter("ip_discards_transmit", Unit::count, "IP packets not sent.")},
    {"Ip.OutNoRoutes", counter("ip_no_route", Unit::count, "IP packets without a route.")},
    {"Ip.ReasmFails", counter("ip_reassembly_failures", Unit::count,
                              "IP packets whose fragments did not all come.")},
    {"Ip6InReceives", counter("ip6_packets_receive", Unit::count, "IPv6 packets received.")},
    {"Ip6OutRequests", counter("ip6_packets_transmit", Unit::count, "IPv6 packets sent.")},
    {"Icmp.InMsgs", counter("icmp_messages_receive", Unit::count, "ICMP messages received.")},
    {"Icmp.OutMsgs", counter("icmp_messages_transmit", Unit::count, "ICMP messages sent.")},
    {"Icmp.InDestUnreachs", counter("icmp_unreachable_receive", Unit::count,
                                    "ICMP: told that something cannot be reached.")},
    {"sockets.used", gauge("sockets", Unit::count, "Sockets of all kinds now.")},
    {"TCP.inuse", gauge("tcp_sockets", Unit::count, "TCP sockets in use, IPv4.")},
    {"TCP.orphan", gauge("tcp_sockets_orphaned", Unit::count, "TCP sockets without a process.")},
    {"TCP.tw", gauge("tcp_sockets_time_wait", Unit::count,
                     "TCP connections closed and waiting (TIME_WAIT).")},
    {"TCP.alloc", gauge("tcp_sockets_allocated", Unit::count, "TCP sockets in any state.")},
    {"TCP.mem", gauge("tcp_memory", Unit::count, "Pages of memory that TCP's buffers take.")},
    {"UDP.inuse", gauge("udp_sockets", Unit::count, "UDP sockets in use, IPv4.")},
    {"UDP.mem", gauge("udp_memory", Unit::count, "Pages of memory that UDP's buffers take.")},
    {"TCP6.inuse", gauge("tcp6_sockets", Unit::count, "TCP sockets in use, IPv6.")},
    {"UDP6.inuse", gauge("udp6_sockets", Unit::count, "UDP sockets in use, IPv6.")},
    {"RAW.inuse", gauge("raw_sockets", Unit::count, "Raw sockets in use, IPv4.")}};
constexpr auto kColumns = columns_of(kNamed);
constexpr auto kNames = names_of(kNamed);

constexpr Table kNetworkProtocol{
    .name = "network_protocol",
    .help = "TCP, UDP, IP and ICMP of the recorder's network namespace. udp6_* (but udp6_sockets) "
            "and ip6_* are read every 10 s, null in between.",
    .columns = kColumns};

constexpr Nanoseconds kSlow = std::chrono::seconds(10);

int column_of(std::string_view section, std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::string_view wanted = kNames[i];
    if (wanted.size() == section.size() + 1 + name.size() && wanted.starts_with(section) &&
        wanted.ends_with(name) && wanted[section.size()] == '.')
      return static_cast<int>(i);
  }
  return -1;
}

// A file of pairs of lines: names, figures. The names are looked up when their line changes, which
// is when the kernel does (ICMP's list of types grows while it runs).
class PairedLines {
 public:
  void read(std::string_view text, Rows& rows) {
    std::size_t pair = 0;
    for (Lines lines(text); lines.next(); ++pair) {
      const std::string_view names = lines.line();
      if (!lines.next()) return;
      if (pair >= kMostPairs) return;
      if (pair >= pairs_.size()) pairs_.resize(pair + 1);
      if (pairs_[pair].names != names) learn(pairs_[pair], names);
      take(pairs_[pair], lines.line(), rows);
    }
  }

 private:
  // snmp has about 8 sections, netstat 4.
  static constexpr std::size_t kMostPairs = 64;
  struct Wanted {
    int place;   // of the figure in its line
    int column;
  };
  struct Pair {
    std::string names;
    std::vector<Wanted> wanted;  // by place
  };

  static void learn(Pair& pair, std::string_view names) {
    pair.names = names;
    pair.wanted.clear();
    Fields fields(names);
    std::string_view section = fields.word();
    if (section.ends_with(':')) section.remove_suffix(1);
    int place = 0;
    for (std::string_view name = fields.word(); !name.empty(); name = fields.word(), ++place)
      if (const int column = column_of(section, name); column >= 0)
        pair.wanted.push_back({place, column});
  }

  static void take(const Pair& pair, std::string_view figures, Rows& rows) {
    if (pair.wanted.empty()) return;
    Fields fields(figures);
    fields.skip(1);
    int place = 0;
    for (const Wanted& wanted : pair.wanted) {
      fields.skip(wanted.place - place);
      rows.set(static_cast<std::size_t>(wanted.column), fields.number());
      place = wanted.place + 1;
    }
  }

  std::vector<Pair> pairs_;
};

// sockstat: "TCP: inuse 1 orphan 0 ...".
void read_sockets(std::string_view text, Rows& rows) {
  for (Lines lines(text); lines.next();) {
    Fields fields(lines.line());
    std::string_view section = fields.word();
    if (section.ends_with(':')) section.remove_suffix(1);
    for (std::string_view name = fields.word(); !name.empty(); name = fields.word()) {
      const auto value = fields.number();
      if (const int column = column_of(section, name); column >= 0)
        rows.set(static_cast<std::size_t>(column), value);
    }
  }
}

class NetworkProtocol final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<NetworkProtocol>();
    const Root& root = environment.root;
    self->snmp_ = TRY(root.open_file("proc/net/snmp", Records::one_piece));
    const auto open = [&](KernelFile& file, const char* path) {
      if (auto opened = root.open_file(path, Records::one_piece)) file = std::move(opened).value();
    };
    open(self->netstat_, "proc/net/netstat");
    open(self->snmp6_, "proc/net/snmp6");
    open(self->sockstat_, "proc/net/sockstat");
    open(self->sockstat6_, "proc/net/sockstat6");
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    const bool slow = slow_.due(into);
    rows.start_row();
    const auto failed = read_all(rows, slow);
    rows.finish_row();
    return failed;
  }

  void report_coverage(Coverage& coverage) const override {
    if (snmp6_) return;
    coverage.add({.kind = CoverageNote::Kind::absent,
                  .table = "network_protocol",
                  .what = "IPv6",
                  .why = "the kernel has no /proc/net/snmp6",
                  .remedy = {}});
  }

 private:
  Result<void> read_all(Rows& rows, bool slow) {
    const std::string_view snmp = TRY(snmp_.reread());
    snmp_lines_.read(snmp, rows);
    if (slow || snmp != last_snmp_) {
      last_snmp_ = snmp;
      last_netstat_ = TRY(text_of(netstat_));
    }
    netstat_lines_.read(last_netstat_, rows);
    if (slow) {
      const std::string_view snmp6 = TRY(text_of(snmp6_));
      each_named_number(snmp6, snmp6_names_,
                        [&](std::size_t column, std::int64_t value) { rows.set(column, value); });
    }
    for (KernelFile* file : {&sockstat_, &sockstat6_}) {
      const std::string_view sockets = TRY(text_of(*file));
      read_sockets(sockets, rows);
    }
    return {};
  }

  // Nothing for a file that this kernel does not have.
  static Result<std::string_view> text_of(KernelFile& file) {
    if (!file) return std::string_view();
    return file.reread();
  }

  KernelFile snmp_, netstat_, snmp6_, sockstat_, sockstat6_;
  PairedLines snmp_lines_, netstat_lines_;
  LearnedNames snmp6_names_{kNames};
  Cadence slow_{kSlow};
  std::string last_snmp_, last_netstat_;
};

constexpr const Table* kTables[] = {&kNetworkProtocol};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = NetworkProtocol::create};

}  // namespace tacho::collector_network_protocol
