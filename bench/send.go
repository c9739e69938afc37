package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
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
	r, err := measuredSend(ctx, set, stderr)
	if err != nil {
		return err
	}
	return finish("send", r, set.Quick, *jsonFile, stdout)
}

// quicken makes everything short.
func (s *sendSettings) quicken() {
	s.Cycles = 1
	for i := range s.Cases {
		s.Cases[i].Amount /= 64
	}
}

func sendTargets() []contestTarget {
	list := []contestTarget{
		contestRatio("CPU, Sendfile / net's ReadFrom, goroutine", 1, "file", sendfileGoroutine, sendfileNet),
		contestRatio("CPU, Sendfile / net's ReadFrom, task", 1, "file", sendfileTask, sendfileNet),
		contestRatio("CPU, Sendfile / net's ReadFrom, future", 1, "file", sendfileFuture, sendfileNet),
	}
	for _, name := range []string{"16x64", "16x1K"} {
		list = append(list,
			contestRatio("CPU, Sendmsg / net.Buffers, goroutine, "+name, 0.95, name, sendmsgGoroutine, sendNetBuffers),
			contestRatio("CPU, Sendmsg / net.Buffers, task, "+name, 0.95, name, sendmsgTask, sendNetBuffers))
	}
	return list
}

func init() {
	addPart(part{Name: "send", About: "CPU of sending files and messages of several buffers", Command: send,
		Order: 40, Planned: time.Minute, Empty: func() partReport { return new(contestReport) },
		Measure: func(ctx context.Context, quick bool, stderr io.Writer) (partReport, error) {
			set := sendSettings{Cases: sendCases(), Procs: []int{1}, Cycles: 7, Place: placeApart, Congestion: "reno"}
			if quick {
				set.quicken()
			}
			return measuredSend(ctx, set, stderr)
		}})
}

// measuredSend measures and sums up.
func measuredSend(ctx context.Context, set sendSettings, stderr io.Writer) (partReport, error) {
	r, err := measureSend(ctx, set, stderr)
	if err != nil {
		return nil, err
	}
	r.sumUp(sendTargets())
	return r, nil
}
