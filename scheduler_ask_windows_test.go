package pollux

import "testing"

// The goroutine that serves asks lives as long as a poller is open, and an ask always returns.
func TestAskGoPoller(t *testing.T) {
	var a asker
	a.open()
	a.open()
	came := a.came
	if came == nil {
		t.Fatal("no connection within the process: is a firewall in its way?")
	}
	for range 100 {
		if err := a.ask(); err != nil {
			t.Fatal(err)
		}
	}
	a.close()
	if err := a.ask(); err != nil || a.came == nil {
		t.Errorf("the first of two pollers was closed: %v, and the goroutine has ended: %v", err, a.came == nil)
	}
	a.close()
	if _, more := <-came; more || a.w != nil {
		t.Error("the last poller was closed: the goroutine goes on")
	}

	a.open()
	defer a.close()
	for _, end := range []interface{ Close() error }{a.r, a.w} {
		if err := end.Close(); err != nil {
			t.Error(err)
		}
		for range 3 { // the first Write after a reset may succeed
			if err := a.ask(); err != nil {
				t.Errorf("the connection has ended: %v", err)
			}
		}
		if a.w == nil {
			break
		}
	}
	if a.w != nil {
		t.Error("the connection has ended: still in use")
	}
}
