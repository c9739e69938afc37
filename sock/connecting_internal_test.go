package sock

import (
	"testing"

	"github.com/polluxio/pollux/internal/systems"
)

// The rules for the end of a connect say of each system what the table of systems says of it.
func TestConnectRulesAgreeWithTheSystems(t *testing.T) {
	for _, system := range systems.Names {
		rule := connectRuleOf(system, 2, 1, 0) // TCP over IPv4, by the numbers of every system
		a, ok := systems.Of(system, systems.ConnectAfterSuccess)
		if again := a.Says == systems.SuccessFirst; !ok || rule.conclude != again {
			t.Errorf("%s: the rule makes a second connect (%v), and the table says %q", system, rule.conclude, a.Says)
		}
		a, ok = systems.Of(system, systems.ConnectEnds)
		if asks := rule.proof == proofPeer; !ok || asks == rule.conclude {
			t.Errorf("%s: the rule takes proof %d, and the table says %q", system, rule.proof, a.Says)
		}
	}
}
