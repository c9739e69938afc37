package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// A race is one scenario with one GOMAXPROCS: all servers up at once, and loaded in turn.
type race struct {
	*session
	scenario scenario
	procs    int
	core     int // of the servers, or -1
}

// A lane is one server of a race with the load made for it.
type lane struct {
	entry
	result  *serverResult
	process *process
	loader  loader
	slice   *hdrhistogram.Histogram // of one slice
	total   *hdrhistogram.Histogram // of all slices
}

func (r *race) run() ([]*serverResult, error) {
	if err := r.descriptors(); err != nil {
		r.fail(nil, err)
		return nil, nil
	}
	var results []*serverResult
	var lanes []*lane
	defer func() {
		for _, l := range lanes {
			l.end()
		}
	}()
	for _, e := range r.scenario.entries(r.settings.Impls) {
		l := &lane{entry: e, result: &serverResult{Name: e.Name, Base: e.Base, Impl: e.Impl.Name},
			slice: newHistogram(), total: newHistogram()}
		lanes = append(lanes, l)
		results = append(results, l.result)
		if err := r.start(l); err != nil {
			r.fail(l, err)
		}
	}
	// Cycle -1 warms the servers up, and counts for nothing.
	for cycle := -1; cycle < r.settings.cycles(r.scenario); cycle++ {
		for i := range lanes {
			l := lanes[(i+cycle+1)%len(lanes)]
			if err := r.ctx.Err(); err != nil {
				return nil, errors.New("interrupted")
			}
			if l.result.Failure == "" {
				if err := r.turn(l, cycle); err != nil {
					r.fail(l, err)
				}
			}
			r.progress.step()
		}
	}
	for _, l := range lanes {
		if r.scenario.Syscalls && l.result.Failure == "" {
			if err := r.countSyscalls(l); err != nil {
				r.fail(l, err)
			}
		}
		if l.result.Corrupt > 0 {
			r.fail(l, fmt.Errorf("%d reads did not match what was sent", l.result.Corrupt))
		}
		l.result.Latency = latencyOf(l.total)
		if l.result.Lost > 0 {
			r.report.note(fmt.Sprintf("%s %s: %d packets of %d were lost", r.scenario.Name, l.Name, l.result.Lost, l.result.Lost+l.result.Latency.Count))
		}
	}
	return results, nil
}

// descriptors checks the limit beforehand: the load generator holds the connections to all servers.
func (r *race) descriptors() error {
	limit, err := openFiles()
	if err != nil {
		return err
	}
	need := r.scenario.Conns*len(r.scenario.entries(r.settings.Impls)) + spareFiles
	if limit < need {
		return fmt.Errorf("needs %d open files, the limit is %d (ulimit -n)", need, limit)
	}
	return nil
}

// spareFiles is room for the descriptors that are no connections.
const spareFiles = 200

// openFiles is the limit of descriptors, which Go's runtime has raised as far as it may.
func openFiles() (int, error) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	return int(min(lim.Cur, math.MaxInt)), nil
}

// fail takes a server out of the race, and notes why. The first reason stays.
func (r *race) fail(l *lane, err error) {
	what := fmt.Sprintf("GOMAXPROCS=%d %s", r.procs, r.scenario.Name)
	if l != nil {
		what += " " + l.Name
		if l.result.Failure == "" {
			l.result.Failure = err.Error()
		}
	}
	r.report.Failures = append(r.report.Failures, what+": "+err.Error())
}

// start starts a server and connects to it.
func (r *race) start(l *lane) error {
	var err error
	if l.process, err = r.startServer(l.entry); err != nil {
		return err
	}
	if l.Hogs > 0 {
		if err := l.process.pause(); err != nil {
			return err
		}
	}
	l.loader, err = loaders[r.scenario.Kind](l.process.addr, r.scenario)
	return err
}

// loaders make the load of a scenario on a server, for each kind. A suite with loads of its own
// adds them in an init function. With an error the loader is nil.
var loaders = map[kind]func(netip.AddrPort, scenario) (loader, error){
	kindEcho: func(addr netip.AddrPort, sc scenario) (loader, error) {
		return orNil(newClient(addr, sc.Conns, sc.Depth, echoTalk(sc.Size)))
	},
	kindExchange: func(addr netip.AddrPort, sc scenario) (loader, error) {
		t, err := sc.Exchange.talk(addr)
		if err != nil {
			return nil, err
		}
		return orNil(newClient(addr, sc.Conns, sc.Depth, t))
	},
	kindChurn: func(addr netip.AddrPort, sc scenario) (loader, error) {
		return orNil(newChurn(addr, sc.Conns, sc.Size))
	},
}

// orNil makes a loader of a pointer to one: a nil pointer in an interface would not be nil.
func orNil[T loader](l T, err error) (loader, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// startServer starts a server on the core of the servers.
func (r *race) startServer(e entry) (*process, error) {
	if e.Impl.Package != "" {
		return startProgram(r.command(e), r.core, r.procs)
	}
	return startProcess(r.command(e), r.core)
}

// command is the command line of a server.
func (r *race) command(e entry) []string {
	if e.Impl.Serve == nil {
		return append([]string{r.built[e.Impl.Name]}, e.Impl.Args...)
	}
	return []string{r.self, "serve", "-suite", r.settings.Suite.Name, "-impl", e.Impl.Name, "-procs", strconv.Itoa(cmp.Or(e.Procs, r.procs)),
		"-hogs", strconv.Itoa(e.Hogs), "-busy=" + strconv.FormatBool(e.Busy), "-work", strconv.Itoa(e.Work), "-timeout", e.Timeout.String(), "-buffer", strconv.Itoa(e.Buffer)}
}

// end closes the connections and stops the server.
func (l *lane) end() {
	if l.loader != nil {
		l.loader.close()
	}
	if l.process != nil {
		l.process.resume() // a stopped process would not see the end of its stdin
		l.process.stop()
	}
}

// turn is one server's slice: a part to warm up, then the part that counts.
func (r *race) turn(l *lane, cycle int) (err error) {
	if l.Hogs > 0 {
		if err := l.process.resume(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.process.pause()) }()
	}
	length := r.scenario.length(r.settings.Slice)
	warm, err := l.loader.load(r.settings.Skip, nil)
	l.result.Corrupt += warm.corrupt
	if err != nil {
		return l.explain(err)
	}
	before, err := l.settled()
	if err != nil {
		return err
	}
	l.slice.Reset()
	generator := threadTime()
	t, err := l.loader.load(length-r.settings.Skip, l.slice)
	l.result.Corrupt += t.corrupt
	l.result.Lost += t.lost
	generator = threadTime() - generator
	if err != nil {
		return l.explain(err)
	}
	after, err := l.settled()
	if err != nil {
		return err
	}
	if cycle >= 0 {
		l.total.Merge(l.slice) // made alike: drops nothing
		l.result.Slices = append(l.result.Slices, slice{
			Messages: t.messages,
			CPU:      us(after-before) / float64(t.messages),
			Rate:     float64(t.timely) / t.elapsed.Seconds(),
			Loader:   generator.Seconds() / t.elapsed.Seconds(),
			P50:      us(time.Duration(l.slice.ValueAtQuantile(50))),
			P99:      us(time.Duration(l.slice.ValueAtQuantile(99))),
		})
	}
	return nil
}

// threadTime is the CPU time of this thread, which the load generator is locked to.
func threadTime() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) // cannot fail: the clock exists
	return time.Duration(ts.Nano())
}

// settled reads the server's CPU clock once the server sleeps. The pause is not waiting for an
// event: after the last answer a server has some calls left until it sleeps, and no way to say so.
func (l *lane) settled() (time.Duration, error) {
	time.Sleep(time.Millisecond)
	return l.process.cpuTime()
}

// explain adds what the server said, if it has ended.
func (l *lane) explain(err error) error {
	select {
	case <-l.process.exited:
		return fmt.Errorf("%w; the server has ended: %s", err, l.process.lastWords())
	default:
		return err
	}
}

// countedSlices is for how many slices in a row system calls are counted. What a server does when
// it has just been idle is not to count for much: other slices leave their beginning out.
const countedSlices = 16

// countSyscalls loads the server once more, under a tracer.
func (r *race) countSyscalls(l *lane) error {
	var t tally
	var broken error
	n, by, err := countSyscalls(l.process.cmd.Process.Pid, func() error {
		t, broken = l.loader.load(countedSlices*r.scenario.length(r.settings.Slice), nil)
		l.result.Corrupt += t.corrupt
		return broken
	})
	if broken != nil {
		return l.explain(broken)
	}
	if err != nil {
		r.report.note("system calls were not counted: " + err.Error())
		return nil
	}
	l.result.Syscalls, l.result.SyscallsFrom = float64(n)/float64(t.messages), by
	r.report.note("system calls were counted with " + by + ", in longer slices of their own")
	return nil
}
