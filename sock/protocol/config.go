package protocol

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Config configures a Server or a Client. Only New is required, and not for a server of tasks. A
// zero field has the value that its comment names.
//
// WriteLimit plus the largest single write, and ReadLimit, limit the memory of a connection. While
// it is served, it also uses the buffer of its loop. MaxConns then limits the memory of a server.
type Config struct {
	// New makes the protocol of a connection. It runs on the loop of the connection, before Made.
	// One value may serve many connections if it keeps no data of a connection. The result nil ends
	// the connection. At this time t has its addresses, but no bytes of the peer.
	New func(t *Transport) Protocol

	// Secure puts each connection behind a Stream, such as TLS, from its beginning. New and Made
	// run after the handshake. nil: no Stream, until Transport.Secure.
	//
	//	Secure: func(s *sock.Socket) (protocol.Stream, error) { return tlsconn.Server(s, cfg) }
	Secure func(s *sock.Socket) (Stream, error)

	// Reactor has the loops. nil: a reactor of its own with Loops loops (0: GOMAXPROCS), which
	// Shutdown and Close close.
	Reactor *loop.Reactor
	Loops   int
	// Loop configures the reactor of its own, without Loops: locked threads, the limit of the
	// watchdog, and so on. nil: the defaults.
	Loop *loop.Config

	// HighWater and LowWater are numbers of unsent bytes. A connection pauses above HighWater, and
	// resumes when LowWater or less is unsent. 0: 64 KiB, and a quarter of HighWater.
	HighWater, LowWater int
	// WriteLimit is the number of unsent bytes above which a new write ends the connection with a
	// *LimitError. A program that stops writing at Paused never reaches it. 0: 16 times HighWater,
	// which is 1 MiB by default.
	WriteLimit int
	// ReadLimit is the number of bytes that Data may leave unused. More end the connection with a
	// *LimitError. On a socket of messages (SOCK_SEQPACKET) it is the size of the largest message,
	// but at least that of the loop's buffer (64 KiB): the system would cut a longer one. 0: 1 MiB.
	ReadLimit int
	// ZeroCopy is the size of a buffer in bytes, 4 KiB to 1 GiB, from which on
	// Transport.WriteBuffer makes the kernel send from the buffer itself (MSG_ZEROCOPY, Linux 4.14,
	// TCP). It can pay only over a real network, and for large buffers: in one measurement it
	// cost as much as the copy from about 48 KiB on. Measure before you set it. If the kernel
	// reports that it has copied the bytes, as it does on loopback, the connection continues
	// without it. 0: never.
	ZeroCopy int
	// DatagramSize is the size of the largest message that a socket of messages can receive, 1 byte
	// to 1 MiB: see ListenPacket. A longer message is dropped, and DatagramProtocol.Error is
	// called. 0: 64 KiB, which no UDP datagram exceeds. A loop that serves such sockets has room
	// for 32 messages. Below 64 KiB the kernel does not join UDP datagrams (UDP_GRO).
	DatagramSize int
	// KeepReading makes a connection read while its writing is paused.
	KeepReading bool

	// IdleTimeout ends a connection that has neither sent nor received for this time. 0: no limit.
	// All timeouts are 1 ms to 12 days. They are never early, and less than 5 ms late if the loop
	// is not late.
	IdleTimeout time.Duration
	// ReadTimeout limits the time that bytes wait which Data has left, until Data uses some of
	// them: the rest of a message must arrive within it. So it ends a peer that sends one byte a
	// second. It does not run while reading is paused, and begins anew after that. 0: no limit.
	ReadTimeout time.Duration
	// WriteTimeout limits the time that unsent bytes wait until the system takes some of them. So
	// it ends a peer that does not read. 0: no limit.
	WriteTimeout time.Duration
	// HandshakeTimeout limits the time from the beginning of a connection to the call of
	// Transport.HandshakeDone. 0: no limit.
	HandshakeTimeout time.Duration
	// CloseTimeout limits the time that Close waits for unsent bytes. 0: 10 s.
	CloseTimeout time.Duration
	// Linger limits the time that Close, after everything is sent, waits for the end of the peer's
	// stream; it drops the peer's bytes meanwhile. Without this wait the system would reset the
	// connection, and the peer would lose bytes that it has not read. 0: 1 s. Negative: Close does
	// not wait. Linger applies to streams only, and not after EOF.
	Linger time.Duration

	// Delay leaves Nagle's algorithm on: TCP_NODELAY is not set.
	Delay bool
	// KeepAlive is the time of silence after which the system probes a TCP peer: SO_KEEPALIVE and
	// TCP_KEEPIDLE. 0: no probes.
	KeepAlive time.Duration

	// MaxConns limits the connections of a server at the same time. A connection beyond it is
	// accepted, closed, and counted as refused. 0: no limit but that of the system's descriptors.
	MaxConns int
	// AcceptRate limits the connections that a server accepts in a second. Connections beyond it
	// wait in the backlog. AcceptBurst is the number of connections that may come at once. 0: no
	// limit; an AcceptBurst of 0 is a tenth of AcceptRate, and at least 1.
	AcceptRate, AcceptBurst int
	// Balance selects the loop of an accepted connection.
	Balance Balance
	// Backlog is the backlog of the listeners that Listen makes. 0: sock.SOMAXCONN.
	Backlog int

	// Logger logs the events that no caller can receive. nil: slog.Default.
	Logger *slog.Logger
}

// Balance selects the loop of an accepted connection.
type Balance uint8

const (
	// LeastLoaded selects the loop with the fewest connections of the server.
	LeastLoaded Balance = iota
	// RoundRobin selects each loop in turn.
	RoundRobin
	// SourceHash selects the loop by a hash of the peer's host, without the port. So all
	// connections of a host have the same loop. Peers without an address share a loop.
	SourceHash
	// ReusePort makes a listener for each loop (SO_REUSEPORT), and the system distributes the
	// connections among them. It means RoundRobin for a listener that Serve gets, and for a family
	// without ports.
	ReusePort
)

func (b Balance) String() string {
	if int(b) < len(balances) {
		return balances[b]
	}
	return "Balance?"
}

var balances = [...]string{"LeastLoaded", "RoundRobin", "SourceHash", "ReusePort"}

// complete returns a copy with all values in place.
//
// Error: an *OptionError.
func (c *Config) complete() (*Config, error) {
	full := Config{}
	if c != nil {
		full = *c
	}
	c = &full
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	for _, o := range []struct {
		name        string
		value, most int
	}{
		{"Loops", c.Loops, 1 << 16},
		{"HighWater", c.HighWater, mostBytes}, {"LowWater", c.LowWater, mostBytes},
		{"WriteLimit", c.WriteLimit, mostBytes}, {"ReadLimit", c.ReadLimit, mostBytes},
		{"ZeroCopy", c.ZeroCopy, mostBytes}, {"DatagramSize", c.DatagramSize, 1 << 20},
		{"MaxConns", c.MaxConns, 1 << 30}, {"AcceptRate", c.AcceptRate, 1 << 30},
		{"AcceptBurst", c.AcceptBurst, 1 << 30}, {"Backlog", c.Backlog, 1 << 30},
	} {
		if o.value < 0 || o.value > o.most {
			return nil, &OptionError{o.name, o.value, fmt.Sprintf("must be 0 to %d", o.most)}
		}
	}
	if c.ZeroCopy > 0 && c.ZeroCopy < leastZeroCopy {
		return nil, &OptionError{"ZeroCopy", c.ZeroCopy, fmt.Sprintf("must be 0, or %d to %d", leastZeroCopy, mostBytes)}
	}
	set(&c.HighWater, 64<<10)
	if c.LowWater == 0 {
		c.LowWater = c.HighWater / 4
	}
	set(&c.WriteLimit, min(16*c.HighWater, mostBytes))
	set(&c.ReadLimit, 1<<20)
	set(&c.DatagramSize, 64<<10)
	set(&c.AcceptBurst, max(1, c.AcceptRate/10))
	switch {
	case c.LowWater >= c.HighWater && c.HighWater > 1:
		return nil, &OptionError{"LowWater", c.LowWater, fmt.Sprintf("must be 0 to %d, below HighWater", c.HighWater-1)}
	case c.WriteLimit < c.HighWater:
		return nil, &OptionError{"WriteLimit", c.WriteLimit, fmt.Sprintf("must be %d to %d, not below HighWater", c.HighWater, mostBytes)}
	case int(c.Balance) >= len(balances):
		return nil, &OptionError{"Balance", int(c.Balance), "must be LeastLoaded, RoundRobin, SourceHash or ReusePort"}
	}
	for _, o := range []struct {
		name  string
		value time.Duration
	}{{"IdleTimeout", c.IdleTimeout}, {"ReadTimeout", c.ReadTimeout}, {"WriteTimeout", c.WriteTimeout},
		{"HandshakeTimeout", c.HandshakeTimeout}, {"CloseTimeout", c.CloseTimeout}, {"Linger", max(c.Linger, 0)}} {
		if err := checkTimeout(o.name, o.value); err != nil {
			return nil, err
		}
	}
	if c.KeepAlive < 0 || c.KeepAlive > 0 && c.KeepAlive < time.Second || c.KeepAlive > 32767*time.Second {
		return nil, &OptionError{"KeepAlive", c.KeepAlive, "must be 0, or 1 s to 32767 s"}
	}
	if c.CloseTimeout == 0 {
		c.CloseTimeout = 10 * time.Second
	}
	if c.Linger == 0 {
		c.Linger = time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}

// mostBytes bounds options that count bytes, so that sums of them fit an int of 32 bits.
const mostBytes = 1 << 30

// leastZeroCopy is the smallest value of Config.ZeroCopy: below a page it never pays.
const leastZeroCopy = 4 << 10

const longestTimeout = 12 * 24 * time.Hour

func checkTimeout(name string, d time.Duration) error {
	if d < 0 || d > 0 && d < time.Millisecond || d > longestTimeout {
		return &OptionError{name, d, "must be 0, or 1 ms to 12 days"}
	}
	return nil
}
