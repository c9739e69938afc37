package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// measureSend runs every case with every GOMAXPROCS. What goes wrong with one sender is a failure
// in the report, and the others go on.
func measureSend(ctx context.Context, set sendSettings, stderr io.Writer) (*contestReport, error) {
	runtime.LockOSThread() // for the receiver, which is this goroutine
	defer runtime.UnlockOSThread()
	entered, err := enter(ctx, settings{Place: set.Place})
	if err != nil {
		return nil, err
	}
	defer entered.leave()
	s := &sendSession{
		session: entered,
		set:     set,
		report: &contestReport{findings: findings{Environment: describe("send", set.Args, len(entered.cores))}, Name: "send",
			Method: fmt.Sprintf("%d cycles, in each a turn for every sender; ratios within a cycle, then median [quartiles]", set.Cycles)},
		file: filepath.Join(entered.dir, "file"),
	}
	steps := 0
	for _, c := range set.Cases {
		steps += len(c.Senders) * (set.Cycles + 1) * len(set.Procs)
		if c.Size == 0 {
			if err := writePattern(s.file, c.Amount); err != nil {
				return nil, err
			}
		}
	}
	s.progress = newProgress(stderr, steps)
	defer s.progress.end()
	begin := time.Now()
	for _, procs := range set.Procs {
		for _, c := range set.Cases {
			if err := s.run(c, procs); err != nil {
				return nil, err
			}
		}
	}
	s.report.Took = time.Since(begin)
	return s.report, nil
}

// writePattern makes a file of n bytes of the pattern.
func writePattern(name string, n int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	for at := int64(0); at < n && err == nil; at += patternPeriod {
		_, err = f.Write(patternAt(0, int(min(patternPeriod, n-at))))
	}
	return errors.Join(err, f.Close())
}

// A sendSession is one run of "bench send".
type sendSession struct {
	session
	set    sendSettings
	report *contestReport
	file   string
}

// A sendLane is one sender of a case and the connection to it.
type sendLane struct {
	result  *entrant
	process *process
	fd      int
}

func (s *sendSession) run(c sendCase, procs int) error {
	place, core := s.place(procs)
	if place != placeFree {
		if err := moveTo(s.cores[:1]); err != nil {
			return err
		}
		defer moveTo(s.cores) // what worked before works again
	}
	s.session.progress.begin(fmt.Sprintf("GOMAXPROCS=%d %s", procs, c.Name))
	res := &contest{Name: c.Name, Text: c.Text, Procs: procs, Place: place, Who: "senders and receiver",
		What: "CPU", Unit: c.Unit, RateUnit: "GiB/s", Bases: []string{c.Base}}
	s.report.Contests = append(s.report.Contests, res)
	var lanes []*sendLane
	defer func() {
		for _, l := range lanes {
			l.end()
		}
	}()
	fail := func(l *sendLane, err error) {
		select {
		case <-l.exited():
			err = fmt.Errorf("%w; the sender has ended: %s", err, l.process.lastWords())
		default:
		}
		l.result.Failure = err.Error()
		s.report.Failures = append(s.report.Failures, fmt.Sprintf("GOMAXPROCS=%d %s %s: %v", procs, c.Name, l.result.Name, err))
	}
	for _, name := range c.Senders {
		l := &sendLane{result: &entrant{Name: name}, fd: -1}
		lanes = append(lanes, l)
		res.Entrants = append(res.Entrants, l.result)
		argv := []string{s.self, "sender", "-impl", name, "-procs", strconv.Itoa(procs), "-congestion", s.set.Congestion}
		if c.Size == 0 {
			argv = append(argv, "-file", s.file)
		} else {
			argv = append(argv, "-size", strconv.Itoa(c.Size))
		}
		if err := l.start(argv, core); err != nil {
			fail(l, err)
		}
	}
	for cycle := -1; cycle < s.set.Cycles; cycle++ { // the first one warms up, is compared byte by byte, and counts for nothing
		for i := range lanes {
			l := lanes[(i+cycle+1)%len(lanes)]
			if s.ctx.Err() != nil {
				return errors.New("interrupted")
			}
			if l.result.Failure == "" {
				if err := l.turn(c, cycle); err != nil {
					fail(l, err)
				}
			}
			s.session.progress.step()
		}
	}
	return nil
}

// per turns the CPU time of a turn into what the table shows.
func (c sendCase) per(d time.Duration) float64 {
	if c.Size == 0 {
		return float64(d) / float64(time.Millisecond) / (float64(c.Amount) / (1 << 30))
	}
	return float64(d) / float64(time.Microsecond) / float64(c.Amount)
}

// exited is closed once the sender has ended; nil without a sender.
func (l *sendLane) exited() chan struct{} {
	if l.process == nil {
		return nil
	}
	return l.process.exited
}

// receiveBuffer is what is received at once.
const receiveBuffer = 256 << 10

// sendWait is how long a sender may be silent.
const sendWait = 20 * time.Second

func (l *sendLane) start(argv []string, core int) error {
	var err error
	if l.process, err = startProcess(argv, core); err != nil {
		return err
	}
	l.fd, err = dialNonblock(l.process.addr)
	return err
}

// dialNonblock connects a socket, and makes it non-blocking then.
func dialNonblock(addr netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = os.NewSyscallError("connect", unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}))
	if err == nil {
		err = os.NewSyscallError("fcntl", unix.SetNonblock(fd, true))
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (l *sendLane) end() {
	if l.fd >= 0 {
		unix.Close(l.fd)
	}
	if l.process != nil {
		l.process.stop()
	}
}

// turn asks for the amount of a turn, takes it, and notes what CPU time it has cost the sender.
func (l *sendLane) turn(c sendCase, cycle int) error {
	before, err := l.settled()
	if err != nil {
		return err
	}
	begin := time.Now()
	var request [8]byte
	binary.LittleEndian.PutUint64(request[:], uint64(c.Amount))
	if _, err := unix.Write(l.fd, request[:]); err != nil {
		return os.NewSyscallError("write", err)
	}
	if err := l.take(c, cycle < 0); err != nil {
		return err
	}
	took := time.Since(begin)
	after, err := l.settled()
	if err != nil {
		return err
	}
	if cycle >= 0 {
		l.result.Costs = append(l.result.Costs, c.per(after-before))
		l.result.Rates = append(l.result.Rates, float64(c.bytes())/took.Seconds()/(1<<30))
	}
	return nil
}

// settled is lane.settled.
func (l *sendLane) settled() (time.Duration, error) {
	time.Sleep(time.Millisecond)
	return l.process.cpuTime()
}

// take receives what is sent in a turn, and compares it if check is set. While nothing is there it
// sleeps a little, and does not wait for the socket: on loopback it is the sender that would pay
// for waking it at each segment, and that would be most of what is measured.
func (l *sendLane) take(c sendCase, check bool) error {
	buf := make([]byte, receiveBuffer)
	period := int64(patternPeriod)
	if c.Size > 0 {
		period = sendBuffers * int64(c.Size)
	}
	pause := unix.NsecToTimespec(int64(20 * time.Microsecond))
	last := time.Now()
	for got, want := int64(0), c.bytes(); got < want; {
		n, errno := rawRead(l.fd, buf)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			if time.Since(last) > sendWait {
				return fmt.Errorf("silent for %v, after %d bytes of %d", sendWait, got, want)
			}
			unix.Nanosleep(&pause, nil)
			continue
		case errno != 0:
			return os.NewSyscallError("read", errno)
		case n == 0:
			return fmt.Errorf("the end of the stream after %d bytes of %d", got, want)
		}
		last = time.Now()
		for at := 0; check && at < n; {
			pos := (got + int64(at)) % period
			part := min(int64(n-at), period-pos, patternSpan)
			if !bytes.Equal(buf[at:at+int(part)], patternAt(uint64(pos), int(part))) {
				return fmt.Errorf("other bytes than were sent, from %d on", got+int64(at))
			}
			at += int(part)
		}
		got += int64(n)
	}
	return nil
}

// setCongestion sets what paces the connections of a listening TCP socket, unless name is empty. A
// connection that has begun with bbr stays paced by a timer, whatever is set later.
func setCongestion(fd int, name string) error {
	if name == "" {
		return nil
	}
	if err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name); err != nil {
		return fmt.Errorf("congestion control %q: %w", name, os.NewSyscallError("setsockopt", err))
	}
	return nil
}

// bytes is what comes of a turn.
func (c sendCase) bytes() int64 {
	if c.Size == 0 {
		return c.Amount
	}
	return c.Amount * sendBuffers * int64(c.Size)
}
