"""Run the reference Python node (leanEthereum/leanSpec) with mocked aggregation proofs and a node key from a file.

Usage: LEAN_ENV=test PYTHONPATH=CHECKOUT/src python reference_node.py --node-key FILE [arguments of `python -m lean_spec`]

The reference is not changed on disk. Four changes are made in memory before its command line runs:

* `lean_multisig_py`, the reference's prover, is replaced by a module of this file, so that the prover need not be
  built. The module creates the same proofs as the reference's own mocked mode (`MOCK_PROOF_PREFIX` and 32 bytes), and
  accepts every proof with that prefix.
* The host key is read from a file. The reference generates a new key at every start. With the file, other nodes can
  know the peer id in advance.
* Signatures of the host key use the lower of the two equivalent values of `s`, like go-libp2p and js-libp2p, unless
  `--any-s` is given. The reference uses either value. libp2p-identity 0.3, a dependency of our node, refuses the higher
  one. Without this change, one start in two results in no connection at all.
* The node also subscribes to the topic of aggregates, unless `--deaf-to-aggregates` is given. The reference's own
  command line only publishes to this topic.
"""

import hashlib
import sys
import types

MOCK_PROOF_PREFIX = b"\x00MOCKED-AGGREGATION-PROOF\x00"

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def mocked_prover() -> types.ModuleType:
    """Create the replacement module for the prover."""

    def prove(*arguments: object, **_options: object) -> tuple[None, bytes]:
        return None, MOCK_PROOF_PREFIX + hashlib.sha256(repr(arguments).encode()).digest()

    def verify(*arguments: object, **_options: object) -> None:
        if not any(isinstance(part, bytes) and part.startswith(MOCK_PROOF_PREFIX) for part in arguments):
            raise ValueError("not a mocked aggregation proof")

    module = types.ModuleType("lean_multisig_py")
    module.setup_prover = lambda **_options: None
    module.aggregate_single_message = prove
    module.merge_many_single_message_proof = prove
    module.split_multi_message_proof_by_message = prove
    module.verify_single_message_proof = verify
    module.verify_multi_message_proof_with_messages = verify
    return module


def use_node_key(path: str) -> None:
    """Set the reference's host key to the hexadecimal key in a file."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from lean_spec.node.networking.transport.identity import keypair

    with open(path, encoding="ascii") as file:
        secret = int(file.read().strip().removeprefix("0x"), 16)
    private_key = ec.derive_private_key(secret, ec.SECP256K1())
    public_key = keypair.Secp256k1PublicKey(_key=private_key.public_key())
    identity = keypair.IdentityKeypair(private_key=private_key, public_key=public_key)
    keypair.IdentityKeypair.generate = classmethod(lambda cls: identity)


def sign_with_low_s() -> None:
    """Make the host key's signatures use the lower of the two possible values of `s`."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
    from lean_spec.node.networking.transport.identity import keypair

    sign = keypair.IdentityKeypair.sign

    def sign_low(self: object, message: bytes) -> bytes:
        r, s = decode_dss_signature(sign(self, message))
        return encode_dss_signature(r, min(s, SECP256K1_ORDER - s))

    keypair.IdentityKeypair.sign = sign_low


def follow_aggregates() -> None:
    """Subscribe the reference to the topic of its published aggregates."""
    from lean_spec.cli import run
    from lean_spec.node.networking.gossipsub import GossipTopic

    build = run._build_event_source

    async def build_and_follow(boot):  # noqa: ANN001, ANN202 - the reference's own types
        event_source = await build(boot)
        topic = GossipTopic.committee_aggregation(boot.fork.GOSSIP_DIGEST).to_topic_id()
        event_source.subscribe_gossip_topic(topic)
        return event_source

    run._build_event_source = build_and_follow


def main() -> None:
    """Apply the changes, and run the reference's own command line in this process."""
    sys.modules["lean_multisig_py"] = mocked_prover()
    arguments = sys.argv[1:]
    if "--node-key" in arguments:
        at = arguments.index("--node-key")
        use_node_key(arguments[at + 1])
        del arguments[at : at + 2]
    if "--any-s" in arguments:
        arguments.remove("--any-s")
    else:
        sign_with_low_s()
    if "--deaf-to-aggregates" in arguments:
        arguments.remove("--deaf-to-aggregates")
    else:
        follow_aggregates()
    sys.argv = ["lean_spec", *arguments]

    from lean_spec.cli import main as reference

    reference()


if __name__ == "__main__":
    main()
