package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far a run has come: a bar on a terminal, else a line each second.
type progress struct {
	w     io.Writer
	every time.Duration            // the time between two lines
	bar   *progressbar.ProgressBar // nil without a terminal

	since    time.Time // of the last line of state, or of the start
	length   time.Duration
	last     time.Duration
	messages int64 // at the last line
}

func newProgress(w io.Writer, length time.Duration) *progress {
	p := &progress{w: w, every: time.Second, length: length}
	f, ok := w.(*os.File)
	if !ok {
		return p
	}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		p.every = time.Second / 4
		p.bar = progressbar.NewOptions(barSteps+1,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
			progressbar.OptionThrottle(50*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	return p
}

const barSteps = 1000

// connected shows how many of all connections are made.
func (p *progress) connected(n, all int) {
	if n%10 == 0 {
		p.state(fmt.Sprintf("connecting: %s of %s", grouped(int64(n)), grouped(int64(all))))
	}
}

// state shows what happens before messages are counted: from the start on a terminal, else in a
// line each second.
func (p *progress) state(text string) {
	now := time.Now()
	switch {
	case p.bar != nil:
		p.bar.Describe(text)
		p.bar.RenderBlank()
	case p.since.IsZero():
		p.since = now
	case now.Sub(p.since) >= p.every:
		p.since = now
		fmt.Fprintln(p.w, text)
	}
}

// show prints how many messages and errors there were so far.
func (p *progress) show(elapsed time.Duration, messages, failures int64) {
	rate := float64(messages-p.messages) / (elapsed - p.last).Seconds()
	p.last, p.messages = elapsed, messages
	text := fmt.Sprintf("%s messages/s, %s errors", grouped(int64(rate)), grouped(failures))
	if p.bar == nil {
		fmt.Fprintf(p.w, "%v of %v: %s\n", elapsed.Round(time.Second), p.length, text)
		return
	}
	p.bar.Describe(text)
	p.bar.Set(int(min(1, elapsed.Seconds()/p.length.Seconds()) * barSteps))
}

// end removes the bar from the screen.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
