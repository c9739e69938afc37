package protocol

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Config says how a Server or a Client makes its connections and what they may use. Only New is
// needed, and a server of tasks does not need that. A field that is zero has the value that its
// comment names.
//
// All that a connection may hold is bounded: WriteLimit and the largest single write, ReadLimit,
// and, while it is served, the buffer of its loop. With MaxConns these bound a server's memory.
type Config struct {
	// New makes the protocol of a connection, on its loop, before Made. One value may serve many
	// connections if it keeps nothing of them. nil as the result ends the connection. t has no
	// peer's bytes yet, but it has its addresses.
	New func(t *Transport) Protocol

	// Secure puts each connection behind a Stream from its beginning: TLS. New and Made come after
	// the handshake. nil: none; Transport.Secure does it later.
	//
	//	Secure: func(s *sock.Socket) (protocol.Stream, error) { return tlsconn.Server(s, cfg) }
	Secure func(s *sock.Socket) (Stream, error)

	// Reactor has the loops; nil: a reactor of its own, closed by Shutdown and Close, with Loops
	// loops (0: GOMAXPROCS).
	Reactor *loop.Reactor
	Loops   int
	// Loop configures a reactor of its own: locked threads, the limit of the watchdog, and what
	// else loop.Config has. Loops there does not count. nil: the defaults.
	Loop *loop.Config

	// HighWater and LowWater are bytes that are unsent: above the first a connection pauses, not
	// above the second it resumes. 0: 64 KiB and a quarter of HighWater.
	HighWater, LowWater int
	// WriteLimit is how many bytes may be unsent when a write begins; one that begins above ends
	// the connection with a *LimitError. A program that stops at Paused never comes near. 0: 16
	// times HighWater, 1 MiB.
	WriteLimit int
	// ReadLimit is how many bytes Data may leave unused; more end the connection with a
	// *LimitError. 0: 1 MiB.
	ReadLimit int
	// ZeroCopy is the size in bytes from which on Transport.WriteBuffer makes the kernel send from
	// the buffer itself (MSG_ZEROCOPY, Linux 4.14, TCP): 4 KiB to 1 GiB. It pays from some 10 KiB
	// on, and only over a real network: if the kernel reports that it has copied all the same, as
	// it does on loopback, the connection goes on without. 0: never.
	ZeroCopy int
	// DatagramSize is the largest message that a socket of messages receives, see ListenPacket;
	// longer ones are dropped, and reported to DatagramProtocol.Error. 1 to 1 MiB; 0: 64 KiB, which
	// no UDP datagram exceeds. A loop that serves such sockets holds room for 32 messages. Below 64
	// KiB the kernel is not asked to receive several UDP datagrams as one (UDP_GRO).
	DatagramSize int
	// KeepReading makes reading go on while writing is paused.
	KeepReading bool

	// IdleTimeout ends a connection that has neither sent nor received for so long. 0: none. All
	// timeouts are 1 ms to 12 days, never early, and less than 5 ms late if the loop is not.
	IdleTimeout time.Duration
	// ReadTimeout is how long bytes that Data left may wait until Data uses some: for the rest of a
	// message. A peer that sends a byte a second ends so. 0: none.
	ReadTimeout time.Duration
	// WriteTimeout is how long unsent bytes may wait until the system takes some: for a peer that
	// does not read. 0: none.
	WriteTimeout time.Duration
	// HandshakeTimeout is how long a connection has from its beginning until the program calls
	// Transport.HandshakeDone. 0: none.
	HandshakeTimeout time.Duration
	// CloseTimeout is how long Close waits for unsent bytes to go. 0: 10 s.
	CloseTimeout time.Duration
	// Linger is how long Close, after all was sent, waits for the end of what the peer sends, and
	// drops it: a close before that makes the system reset the connection, and what the peer has
	// not read yet is lost. 0: 1 s; negative: not at all. It counts on streams only, and not after
	// EOF.
	Linger time.Duration

	// Delay leaves Nagle's algorithm on: TCP_NODELAY is not set.
	Delay bool
	// KeepAlive is after how long the system begins to probe a silent peer (TCP): SO_KEEPALIVE and
	// TCP_KEEPIDLE. 0: it does not.
	KeepAlive time.Duration

	// MaxConns is how many connections a server has at once; those beyond are accepted and closed,
	// and counted as refused. 0: no limit but that of the system's descriptors.
	MaxConns int
	// AcceptRate is how many connections a server accepts in a second; those beyond wait in the
	// backlog. Up to AcceptBurst may come at once. 0: no limit; AcceptBurst 0: a tenth of
	// AcceptRate, 1 at least.
	AcceptRate, AcceptBurst int
	// Balance says which loop gets a connection.
	Balance Balance
	// Backlog of the listeners that Listen makes; 0: sock.SOMAXCONN.
	Backlog int

	// Logger gets what no caller can be given: nil: slog.Default.
	Logger *slog.Logger
}

// Balance says which loop gets a connection that was accepted.
type Balance uint8

const (
	// LeastLoaded is the loop with the fewest connections of the server.
	LeastLoaded Balance = iota
	// RoundRobin is each loop in turn.
	RoundRobin
	// SourceHash is always the same loop for the same peer: by its host, without the port. Peers
	// without an address share a loop.
	SourceHash
	// ReusePort makes a listener for each loop (SO_REUSEPORT), and the system spreads connections
	// over them. A listener that Serve is given, and one whose family has no ports, is RoundRobin.
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
