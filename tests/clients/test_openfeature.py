"""OpenFeature's SDK for Python, by OFREP, on the story's rules."""

import os
import unittest

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        api.set_provider(OFREPProvider(os.environ["BASE_URL"]))
        cls.flags = api.get_client()

    def read(self, user, **attributes):
        return self.flags.get_boolean_details("read", True, EvaluationContext(user, attributes))

    def test_testers_read_from_new(self):
        for user in ("123", "456"):
            read = self.read(user, country="US")
            self.assertEqual((read.value, read.variant, read.reason), (True, "testing-groups", "TARGETING_MATCH"))
            self.assertEqual(read.flag_metadata, {"feature": "postgres-migration", "rule": "Testing Group"})

    def test_everyone_else_reads_from_old(self):
        read = self.read("900", country="FR")
        self.assertEqual((read.value, read.variant, read.reason), (False, "user-groups", "DEFAULT"))

    def test_a_request_without_a_user_is_answered(self):
        read = self.flags.get_boolean_details("read", True, EvaluationContext(attributes={"country": "FR"}))
        self.assertEqual((read.value, read.error_code), (False, None))

    def test_an_unknown_flag_is_not_found(self):
        unknown = self.flags.get_boolean_details("nosuch", True, EvaluationContext("1"))
        self.assertEqual((unknown.value, unknown.error_code), (True, ErrorCode.FLAG_NOT_FOUND))

    def test_numbers_are_floats_or_integers_as_they_are_written(self):
        context = EvaluationContext("1")
        self.assertEqual(self.flags.get_float_details("share", 0.5, context).value, 5.0)
        self.assertEqual(self.flags.get_integer_details("limit", 1, context).value, 7)
        self.assertEqual(self.flags.get_integer_details("share", 1, context).error_code, ErrorCode.TYPE_MISMATCH)

    def test_texts_and_objects_are_answered(self):
        context = EvaluationContext("1")
        self.assertEqual(self.flags.get_string_value("greeting", "", context), "hello")
        self.assertEqual(self.flags.get_object_value("theme", {}, context), {"dark": True, "sizes": [1, 2.5]})


if __name__ == "__main__":
    unittest.main()
