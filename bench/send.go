package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"
)

// A sendCase is what "bench send" has done in several ways, each a process of its own.
type sendCase struct {
	Name string `json:"name"`
	Text string `json:"text"`

	// Unit is what CPU time is given for, in the table.
	Unit string `json:"unit"`

	// Size is the bytes of one buffer of a message, of which it has sendBuffers; 0 for the case
	// that sends a file.
	Size int `json:"size"`

	// Amount is what one turn sends: bytes of a file, or messages.
	Amount int64 `json:"amount"`

	Senders []string `json:"-"`
	Base    string   `json:"base"` // the sender to which the others are put in relation
}

// sendBuffers is how many buffers a message has.
const sendBuffers = 16

// The senders. Those of package net take what it has for the purpose.
const (
	sendfileGoroutine = "pollux-goroutine"
	sendfileTask      = "pollux-task"
	sendfileFuture    = "pollux-future"
	sendfileNet       = "net-readfrom"
	sendfileReadWrite = "net-read-write"

	sendmsgGoroutine = "pollux-sendmsg"
	sendmsgTask      = "pollux-sendmsg-task"
	sendSends        = "pollux-16-sends"
	sendNetBuffers   = "net-buffers"
	sendNetWrites    = "net-16-writes"
)

var (
	fileSenders    = []string{sendfileGoroutine, sendfileTask, sendfileFuture, sendfileNet, sendfileReadWrite}
	messageSenders = []string{sendmsgGoroutine, sendmsgTask, sendSends, sendNetBuffers, sendNetWrites}
)

// sendCases are all of them. A turn takes some tenths of a second, so that the clock of the CPU is
// exact to a few thousandths.
func sendCases() []sendCase {
	return []sendCase{
		{"file", "a file of 1 GiB from the page cache", "ms/GiB", 0, 1 << 30, fileSenders, sendfileNet},
		{"16x64", "messages of 16 buffers of 64 B", "us/msg", 64, 20_000, messageSenders, sendNetBuffers},
		{"16x1K", "messages of 16 buffers of 1 KiB", "us/msg", 1 << 10, 10_000, messageSenders, sendNetBuffers},
	}
}

// bytes is what comes of a turn.
func (c sendCase) bytes() int64 {
	if c.Size == 0 {
		return c.Amount
	}
	return c.Amount * sendBuffers * int64(c.Size)
}

// sendSettings say what a run of "bench send" measures, and how long.
type sendSettings struct {
	Args   []string   `json:"-"`
	Cases  []sendCase `json:"-"`
	Procs  []int      `json:"procs"`
	Cycles int        `json:"cycles"`
	Place  string     `json:"place"`
	Quick  bool       `json:"quick"`

	Congestion string `json:"congestion"`
}

// send is "bench send".
func send(args []string, stdout, stderr io.Writer) error {
	set := sendSettings{Args: args}
	fs := flag.NewFlagSet("send", flag.ContinueOnError)
	caseList := fs.String("cases", join(sendCases(), func(c sendCase) string { return c.Name }), "`names` of the cases")
	procList := fs.String("procs", "1", "`values` of GOMAXPROCS for the senders; -place is for 1 only")
	fs.IntVar(&set.Cycles, "cycles", 31, "how often each sender has its turn")
	fs.StringVar(&set.Place, "place", placeApart, "cores of the senders with GOMAXPROCS=1: apart from the receiver's, together with it, or free")
	fs.StringVar(&set.Congestion, "congestion", "reno", "`name` of the congestion control of all senders; the system's own if empty")
	jsonFile := fs.String("json", "", "`file` to write everything to")
	fs.BoolVar(&set.Quick, "quick", false, "each thing once and short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	var err error
	if set.Cases, err = parseList("send: -cases", *caseList, sendCases(), func(c sendCase) string { return c.Name }); err != nil {
		return err
	}
	if set.Procs, err = parseProcs("send", *procList); err != nil {
		return err
	}
	switch {
	case set.Place != placeApart && set.Place != placeTogether && set.Place != placeFree:
		return usageError(fmt.Sprintf("send: -place %q: want apart, together or free", set.Place))
	case set.Cycles < 1:
		return usageError(fmt.Sprintf("send: -cycles %d: want 1 or more", set.Cycles))
	}
	if set.Quick {
		set.quicken()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := measureSend(ctx, set, stderr)
	if err != nil {
		return err
	}
	r.sumUp()
	if set.Quick {
		r.Notes = append(r.Notes, "a quick run shows that everything works; its figures are no measurement")
	}
	if err := r.write(stdout); err != nil {
		return err
	}
	if *jsonFile != "" {
		if err := writeJSON(*jsonFile, r); err != nil {
			return err
		}
	}
	if n := len(r.Failures); n > 0 {
		return fmt.Errorf("send: %d failed, first: %s", n, r.Failures[0])
	}
	return nil
}

// quicken makes everything short.
func (s *sendSettings) quicken() {
	s.Cycles = 1
	for i := range s.Cases {
		s.Cases[i].Amount /= 64
	}
}

// A sendReport is everything that one run of "bench send" found out.
type sendReport struct {
	Environment environment   `json:"environment"`
	Settings    sendSettings  `json:"settings"`
	Results     []*sendResult `json:"results"`
	Targets     []verdict     `json:"targets"`
	Notes       []string      `json:"notes,omitempty"`
	Failures    []string      `json:"failures,omitempty"`
	Took        time.Duration `json:"took_ns"`
}

// A sendResult is one case with one GOMAXPROCS.
type sendResult struct {
	Case    sendCase        `json:"case"`
	Procs   int             `json:"procs"`
	Place   string          `json:"place"`
	Senders []*senderResult `json:"senders"`
}

// A senderResult is what one sender did in one case.
type senderResult struct {
	Name    string    `json:"name"`
	Turns   []float64 `json:"cpu"` // in the unit of the case, one for each cycle
	Seconds []float64 `json:"seconds"`
	CPU     quartiles `json:"cpu_summary"`
	Ratio   quartiles `json:"ratio"` // to the base, formed within each cycle
	Rate    quartiles `json:"gib_per_s"`
	Failure string    `json:"failure,omitempty"`
}

func (r *sendResult) sender(name string) *senderResult {
	for _, s := range r.Senders {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (r *sendReport) sumUp() {
	for _, res := range r.Results {
		base := res.sender(res.Case.Base)
		for _, s := range res.Senders {
			s.CPU = quartilesOf(s.Turns)
			s.Ratio = quartilesOf(ratios(s.Turns, base.Turns))
			var rates []float64
			for _, sec := range s.Seconds {
				rates = append(rates, float64(res.Case.bytes())/sec/(1<<30))
			}
			s.Rate = quartilesOf(rates)
		}
	}
	for _, t := range sendTargets() {
		r.Targets = append(r.Targets, target{Claim: t.Claim, Bound: atMost, Limit: t.Limit, Unit: "x"}.judge(r.ratio(t)))
	}
}

// A sendTarget is a ratio that pollux has to reach, with GOMAXPROCS=1.
type sendTarget struct {
	Claim      string
	Limit      float64
	Case, Name string
}

func sendTargets() []sendTarget {
	list := []sendTarget{
		{"CPU, Sendfile / net's ReadFrom, goroutine", 1, "file", sendfileGoroutine},
		{"CPU, Sendfile / net's ReadFrom, task", 1, "file", sendfileTask},
		{"CPU, Sendfile / net's ReadFrom, future", 1, "file", sendfileFuture},
	}
	for _, name := range []string{"16x64", "16x1K"} {
		list = append(list,
			sendTarget{"CPU, Sendmsg / net.Buffers, goroutine, " + name, 0.95, name, sendmsgGoroutine},
			sendTarget{"CPU, Sendmsg / net.Buffers, task, " + name, 0.95, name, sendmsgTask})
	}
	return list
}

func (r *sendReport) ratio(t sendTarget) quartiles {
	for _, res := range r.Results {
		if s := res.sender(t.Name); res.Case.Name == t.Case && res.Procs == 1 && s != nil {
			return s.Ratio
		}
	}
	return quartiles{}
}

// write prints the whole report for a reader.
func (r *sendReport) write(w io.Writer) error {
	var b strings.Builder
	r.Environment.write(&b)
	fmt.Fprintf(&b, "method  %d cycles, in each a turn for every sender; ratios within a cycle, then median [quartiles]\n", r.Settings.Cycles)
	for _, res := range r.Results {
		fmt.Fprintf(&b, "\n%s: %s (GOMAXPROCS=%d, %s)\n", res.Case.Name, res.Case.Text, res.Procs, where("senders and receiver", res.Place))
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "sender\tCPU %s\tCPU/%s\tGiB/s\n", res.Case.Unit, res.Case.Base)
		for _, s := range res.Senders {
			ratio := s.Ratio.full(2)
			if s.Name == res.Case.Base {
				ratio = "1"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s", s.Name, s.CPU.full(2), ratio, s.Rate.median(2))
			if s.Failure != "" {
				fmt.Fprint(t, "\tfailed: ", s.Failure)
			}
			fmt.Fprintln(t)
		}
		t.Flush()
	}
	writeTargets(&b, r.Targets)
	for _, n := range r.Notes {
		fmt.Fprintln(&b, "note:", n)
	}
	for _, f := range r.Failures {
		fmt.Fprintln(&b, "FAILED:", f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
