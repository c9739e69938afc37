package pollertest

import "time"

// A deadline limits a loop of Waits.
type deadline struct {
	at    time.Time
	quiet bool // the last Wait found nothing
}

func newDeadline() *deadline { return &deadline{at: time.Now().Add(patience)} }

// left returns the timeout of the next Wait: 0 to look once.
func (d *deadline) left(look bool) time.Duration {
	if look {
		return 0
	}
	return max(time.Until(d.at), 0)
}

func (d *deadline) over() bool { return !time.Now().Before(d.at) }
