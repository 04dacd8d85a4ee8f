"""Tell what came of uxm_setup or uxm_relock under the keys, and with the last words, of the observatory's agent.

Behind the last stage, or with --failed behind what ended it. Source: the tasks of these names of socs.
"""
from __future__ import annotations

import sys

from tuning.arguments import stage_parser
from tuning.publisher import Publisher
from tuning.session_folder import SessionFolder
from tuning.told import Told

RETURNED = {"uxm_setup": (), "uxm_relock": ("filepath", "all_det_num", "good_det_num")}
LAST_WORDS = {"uxm_setup": "Finished UXM Setup", "uxm_relock": "Finished UXM Relock"}


def main() -> int:
    parser = stage_parser("uxm_result", __doc__)
    parser.add_argument("operation", choices=RETURNED)
    parser.add_argument("--failed", metavar="TEXT", help="why it came to no end")
    options = parser.understand(None)
    told = Told(SessionFolder(options.data_dir, options.ctime)).so_far()
    done = options.failed is None
    returned = {key: told.get(key) for key in RETURNED[options.operation]} if done else None
    with Publisher(options.operation) as publisher:
        publisher.session_data({"result": {"success": done, "return_val": returned or None,
                                           "traceback": options.failed}})
        if done:
            publisher.session_log(LAST_WORDS[options.operation])
    return 0


if __name__ == "__main__":
    sys.exit(main())
