package auth

import (
	"cmp"
	"slices"
)

// UserClaims returns, by algorithm, the claim that holds the user's id in the tokens
// that v verifies; see Policy. It has no algorithm of which v has no key source.
func (v *Verifier) UserClaims() map[string]string {
	claims := map[string]string{}
	for alg := range v.sources {
		i := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == alg })
		policy := v.keySetPolicy
		if algorithms[i].secret() {
			policy = v.secretPolicy
		}
		claims[alg] = cmp.Or(policy.UserClaim, "sub")
	}
	return claims
}
