package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// bench crowd opens as many connections to a server as the limit of open files allows, looks at its
// memory, whether it accepts the last ones as fast as the first, and whether all still answer.

// crowdImpls are the servers of the suite echo that take part.
var crowdImpls = []string{implProtocol, implServerGo, peerGnet, peerNet, peerC}

// crowdParts is in how many parts the connections come, of which each has a rate.
const crowdParts = 10

// crowdIdle is the idle timeout of the servers that have one.
const crowdIdle = time.Hour

// crowdSettings say what a run of "bench crowd" measures.
type crowdSettings struct {
	Args  []string
	Impls []string
	Conns int
	Runs  int
	Quick bool
}

func init() {
	addPart(part{Name: "crowd", About: "a crowd of idle connections: memory of each, and whether the last are accepted as fast as the first",
		Command: crowdBench, Order: 15, Planned: 40 * time.Second, Empty: func() partReport { return new(contestReport) },
		Measure: func(ctx context.Context, quick bool, stderr io.Writer) (partReport, error) {
			set := crowdSettings{Impls: crowdImpls, Conns: 18_000, Runs: 3, Quick: quick}
			if quick {
				set.quicken()
			}
			return measureCrowd(ctx, set, stderr)
		}})
}

func (s *crowdSettings) quicken() { s.Conns, s.Runs = min(s.Conns, 500), 1 }

// crowdBench is "bench crowd".
func crowdBench(args []string, stdout, stderr io.Writer) error {
	set := crowdSettings{Args: args}
	fs := flag.NewFlagSet("crowd", flag.ContinueOnError)
	fs.IntVar(&set.Conns, "conns", 18_000, "connections of each server; each is an open file here, and one there")
	fs.IntVar(&set.Runs, "runs", 3, "how often each server is started")
	implList := fs.String("impls", join(crowdImpls, func(s string) string { return s }), "`names` of the servers, of those of echo")
	jsonFile := fs.String("json", "", "`file` to write everything to")
	fs.BoolVar(&set.Quick, "quick", false, "short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	impls, err := parseList("crowd: -impls", *implList, echoSuite.Impls, func(i impl) string { return i.Name })
	if err != nil {
		return err
	}
	for _, i := range impls {
		set.Impls = append(set.Impls, i.Name)
	}
	switch {
	case set.Conns < crowdParts || set.Conns > 10_000_000:
		return usageError(fmt.Sprintf("crowd: -conns %d: want %d to 10000000", set.Conns, crowdParts))
	case set.Runs < 1:
		return usageError(fmt.Sprintf("crowd: -runs %d: want 1 or more", set.Runs))
	}
	if set.Quick {
		set.quicken()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := measureCrowd(ctx, set, stderr)
	if err != nil {
		return err
	}
	return finish("crowd", r, set.Quick, *jsonFile, stdout)
}

func measureCrowd(ctx context.Context, set crowdSettings, stderr io.Writer) (partReport, error) {
	s, err := enter(ctx, settings{Suite: &echoSuite, Place: placeApart})
	if err != nil {
		return nil, err
	}
	defer s.leave()
	began := time.Now()
	r := &contestReport{findings: findings{Environment: describe("crowd", set.Args, len(s.cores))}, Name: "crowd",
		Method: fmt.Sprintf("%d runs of each server, with connections in %d parts, of which the first and the last are compared", set.Runs, crowdParts)}
	limit, err := openFiles()
	if err != nil {
		return nil, err
	}
	if most := limit - spareFiles; set.Conns > most {
		r.note(fmt.Sprintf("crowd: %d connections, because of the limit of %d open files (ulimit -n)", most, limit))
		set.Conns = most
	}
	impls, err := parseList("", join(set.Impls, func(s string) string { return s }), echoSuite.Impls, func(i impl) string { return i.Name })
	if err != nil {
		return nil, err
	}
	s.settings.Impls, s.progress, s.report = impls, newProgress(stderr, len(impls)*set.Runs), new(report)
	if err := s.build(); err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, s.report.Notes...)
	defer s.progress.end()
	place, core := s.place(1)
	if place != placeFree {
		if err := moveTo(s.cores[:1]); err != nil {
			return nil, err
		}
		defer moveTo(s.cores) // what worked before works again
	}
	c := &contest{Name: "crowd", Text: fmt.Sprintf("%d connections that sent one message of 64 B and then wait", set.Conns), Procs: 1,
		Place: place, Who: "servers and load generator", What: "memory", Unit: "B/connection", RateUnit: "k accepted/s",
		Bases: []string{peerGnet, peerNet}}
	r.Contests = append(r.Contests, c)
	flat, heap := make(map[string]quartiles), make(map[string]quartiles)
	for _, i := range s.settings.Impls {
		e := &entrant{Name: i.Name}
		c.Entrants = append(c.Entrants, e)
		s.progress.begin("crowd " + i.Name)
		var rates, costs, heaps []float64
		for range set.Runs {
			if ctx.Err() != nil {
				return nil, errors.New("interrupted")
			}
			if e.Failure == "" {
				entered := entry{Impl: i, Buffer: defaultBuffer}
				if i.Name == implProtocol || i.Name == implServerGo {
					entered.Timeout = crowdIdle // a crowd may take long to come
				}
				argv := (&race{session: &s, procs: 1}).command(entered)
				d, err := crowdOnce(ctx, argv, core, set.Conns, i.Serve != nil, func(open int, rate, cost float64) {
					if set.Conns >= crowdLarge {
						s.progress.begin(fmt.Sprintf("crowd %s: %d connections, the last at %.0f/s and %.1f us of the server each", i.Name, open, rate, cost))
					}
				})
				if err != nil {
					e.Failure = err.Error()
					r.Failures = append(r.Failures, i.Name+": "+e.Failure)
				} else {
					e.Costs, e.Rates = append(e.Costs, d.bytes), append(e.Rates, d.rate/1000)
					rates, costs, heaps = append(rates, d.rateRatio), append(costs, d.costRatio), append(heaps, d.heap)
				}
			}
			s.progress.step()
		}
		flat[i.Name], heap[i.Name] = quartilesOf(rates), quartilesOf(heaps)
		if e.Failure == "" {
			e.More = []figure{{"rate last/first", flat[i.Name].Median, 2}, {"CPU last/first", quartilesOf(costs).Median, 2}}
			if m := heap[i.Name].Median; m > 0 {
				e.More = append(e.More, figure{"live heap B", m, 0})
			}
		}
	}
	targets := []contestTarget{
		{target{Claim: "memory of a connection in a crowd, " + implProtocol, Bound: atMost, Limit: 240, Unit: "B"}, "crowd", implProtocol, ""},
		{target{Claim: "memory of a connection in a crowd, " + implServerGo, Bound: atMost, Limit: 4500, Unit: "B"}, "crowd", implServerGo, ""},
	}
	r.sumUp(targets)
	r.Targets = append(r.Targets, target{Claim: "live heap of a connection in a crowd, " + implProtocol, Bound: atMost, Limit: 240, Unit: "B"}.judge(heap[implProtocol]))
	for _, name := range []string{implProtocol, implServerGo} {
		r.Targets = append(r.Targets, target{Claim: "accept rate at the end of the crowd / at its beginning, " + name, Bound: atLeast, Limit: 0.9, Unit: "x"}.judge(flat[name]))
	}
	r.Took = time.Since(began)
	return r, nil
}

// A crowd is what one run found out.
type crowd struct {
	bytes     float64 // of a connection, resident
	heap      float64 // of a connection, live; 0 if that is not known
	rate      float64 // connections a second
	rateRatio float64 // of the last part to the first
	costRatio float64 // CPU a connection of the server, the same
}

// crowdLarge is how many connections take so long that each part of them is reported.
const crowdLarge = 100_000

// crowdOnce starts a server and fills it with connections. ours says that it can be asked for its
// heap. It calls told for each part of the connections, with the rate a second and the cost in us.
func crowdOnce(ctx context.Context, argv []string, core, conns int, ours bool, told func(open int, rate, cost float64)) (d crowd, err error) {
	p, err := startProcess(argv, core)
	if err != nil {
		return d, err
	}
	defer p.stop()
	c := &crowdConns{addr: p.addr, fds: make([]int, 0, conns+crowdParts)}
	defer c.close()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w; %s", err, p.state())
		}
	}()
	// The first ones bring the code of the whole path into memory, and do not count.
	if err := c.add(crowdParts); err != nil {
		return d, err
	}
	var heapBefore int64
	if ours {
		if heapBefore, err = p.heap(); err != nil {
			return d, err
		}
	}
	time.Sleep(idleSettle)
	before, err := p.rss()
	if err != nil {
		return d, err
	}
	var rates, costs []float64
	began := time.Now()
	for n := range crowdParts {
		if ctx.Err() != nil {
			return d, errors.New("interrupted")
		}
		cpu, err := p.cpuTime()
		if err != nil {
			return d, err
		}
		count := conns*(n+1)/crowdParts - conns*n/crowdParts
		at := time.Now()
		if err := c.add(count); err != nil {
			return d, fmt.Errorf("after %d connections: %w", len(c.fds), err)
		}
		rates = append(rates, float64(count)/time.Since(at).Seconds())
		time.Sleep(time.Millisecond) // as lane.settled
		after, err := p.cpuTime()
		if err != nil {
			return d, err
		}
		costs = append(costs, us(after-cpu)/float64(count))
		told(len(c.fds), rates[n], costs[n])
	}
	d.rate = float64(conns) / time.Since(began).Seconds()
	d.rateRatio, d.costRatio = rates[crowdParts-1]/rates[0], costs[crowdParts-1]/costs[0]
	time.Sleep(idleSettle)
	after, err := p.rss()
	if err != nil {
		return d, err
	}
	d.bytes = float64(after-before) / float64(conns)
	if ours {
		heap, err := p.heap()
		if err != nil {
			return d, err
		}
		d.heap = float64(heap-heapBefore) / float64(conns)
	}
	return d, c.ask()
}

// crowdConns are open connections: blocking sockets, which have a timeout.
type crowdConns struct {
	addr netip.AddrPort
	fds  []int
}

// crowdWait is how long a server may take for one answer.
const crowdWait = 20 * time.Second

// crowdBurst is how many connections are opened before their answers are waited for: fewer than a
// listener's backlog has room for (net.core.somaxconn is 4096), beyond which the system drops them,
// and tries again after a second.
const crowdBurst = 500

// add opens n connections, has each send a message, and waits for all answers.
func (c *crowdConns) add(n int) error {
	for ; n > crowdBurst; n -= crowdBurst {
		if err := c.burst(crowdBurst); err != nil {
			return err
		}
	}
	return c.burst(n)
}

func (c *crowdConns) burst(n int) error {
	from := len(c.fds)
	for range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		c.fds = append(c.fds, fd)
		tv := unix.NsecToTimeval(int64(crowdWait))
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		// A reset leaves no port behind for a minute; and each thousand connections have an address
		// of their own, since an address has 28,000 ports.
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		block := len(c.fds) / 1000
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 1, byte(block >> 8), byte(block)}}); err != nil {
			return os.NewSyscallError("bind", err)
		}
		if err := unix.Connect(fd, sockaddr(c.addr)); err != nil {
			return os.NewSyscallError("connect", err)
		}
		if _, err := unix.Write(fd, patternAt(uint64(fd), crowdMessage)); err != nil {
			return os.NewSyscallError("write", err)
		}
	}
	return c.answers(from)
}

// crowdMessage is the bytes of a message.
const crowdMessage = 64

// ask sends a message on each connection, and waits for the answers, some at a time.
func (c *crowdConns) ask() error {
	for from := 0; from < len(c.fds); from += crowdBurst {
		to := min(from+crowdBurst, len(c.fds))
		for _, fd := range c.fds[from:to] {
			if _, err := unix.Write(fd, patternAt(uint64(fd), crowdMessage)); err != nil {
				return os.NewSyscallError("write", err)
			}
		}
		if err := (&crowdConns{fds: c.fds[from:to]}).answers(0); err != nil {
			return fmt.Errorf("connection %d and on, idle before: %w", from+1, err)
		}
	}
	return nil
}

// answers waits for one on each connection from a place on.
func (c *crowdConns) answers(from int) error {
	var buf [crowdMessage]byte
	for _, fd := range c.fds[from:] {
		for got := 0; got < crowdMessage; {
			n, err := unix.Read(fd, buf[got:])
			switch {
			case err == unix.EINTR:
			case err != nil:
				return os.NewSyscallError("read", err)
			case n == 0:
				return fmt.Errorf("closed by the server: %w", io.ErrUnexpectedEOF)
			default:
				got += n
			}
		}
		if !bytes.Equal(buf[:], patternAt(uint64(fd), crowdMessage)) {
			return errors.New("bytes that were never sent")
		}
	}
	return nil
}

func (c *crowdConns) close() {
	for _, fd := range slices.Backward(c.fds) {
		unix.Close(fd)
	}
}
