package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
)

// progress shows on stderr how far a run has come: a bar on a terminal, else a line for each
// scenario. It draws between slices only, from the goroutine that measures.
type progress struct {
	w   io.Writer
	bar *progressbar.ProgressBar // nil without a terminal
}

func newProgress(w io.Writer, steps int) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.bar = progressbar.NewOptions(steps,
				progressbar.OptionSetWriter(w),
				progressbar.OptionSetDescription("starting"),
				progressbar.OptionSetWidth(30),
				progressbar.OptionClearOnFinish())
		}
	}
	return p
}

// begin names the scenario that starts.
func (p *progress) begin(what string) {
	if p.bar != nil {
		p.bar.Describe(what)
		return
	}
	fmt.Fprintln(p.w, what)
}

// step counts one of the steps; a bar that cannot be drawn is no reason to stop measuring.
func (p *progress) step() {
	if p.bar != nil {
		p.bar.Add(1)
	}
}

// end takes the bar off the screen.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
