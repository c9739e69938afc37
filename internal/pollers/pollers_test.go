package pollers

import (
	"errors"
	"testing"
)

func TestFromEnv(t *testing.T) {
	for _, tt := range []struct {
		value string
		none  bool // no poller is named
		ok    bool
	}{
		{"", true, true},
		{"oneshot", false, true},
		{"poll", false, true},
		{"epoll", false, false},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Setenv(variable, tt.value)
			open := FromEnv()
			if tt.none {
				if open != nil {
					t.Error("got a poller, want none")
				}
				return
			}
			p, err := open()
			if err == nil {
				defer p.Close()
			}
			if tt.ok != (err == nil) && !errors.Is(err, errors.ErrUnsupported) {
				t.Fatalf("got %v", err)
			}
			if err == nil && !p.OneShot() {
				t.Error("the poller is not one-shot")
			}
		})
	}
}
