package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.session.Json;

class ParameterTextTest {

    private static JsonNode json(String text) throws JsonProcessingException {
        return Json.read(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "3;                {\"type\":\"integer\"};                    3",
                "-0.5;             {\"type\":\"number\"};                     -0.5",
                "3;                {\"type\":\"string\"};                     \"3\"",
                "true;             {\"type\":\"string\"};                     \"true\"",
                "true;             {\"type\":\"boolean\"};                    true",
                "null;             {\"type\":[\"number\",\"null\"]};          null",
                "null;             {\"type\":\"string\"};                     \"null\"",
                "false;            {\"type\":[\"boolean\",\"string\"]};       false",
                "night/a.txt;      {\"type\":[\"boolean\",\"string\"]};       \"night/a.txt\"",
                "0,1;              {\"type\":\"array\",\"items\":{\"type\":\"integer\"}};  [0,1]",
                "2;                {\"type\":\"array\",\"items\":{\"type\":\"integer\"}};  [2]",
                "[0, 1];           {\"type\":\"array\",\"items\":{\"type\":\"integer\"}};  [0,1]",
                "007,a;            {\"type\":\"array\"};                      [\"007\",\"a\"]",
                "[3, \"a,b\"];     {\"type\":\"array\"};                      [3,\"a,b\"]",
                "{\"a\": 1};       {\"type\":\"object\"};                     {\"a\":1}",
                "check;            {\"enum\":[\"setup\",\"check\"]};          \"check\"",
                "null;             {\"enum\":[\"setup\",null]};               null",
                "1;                {\"enum\":[\"setup\"]};                    \"1\"",
                "1;                {};                                        1",
                "a b;              {};                                        \"a b\"",
            })
    void isReadAsTheSchemaHasIt(String text, String schema, String value) throws JsonProcessingException {
        assertThat(ParameterText.read(text, json(schema))).isEqualTo(json(value));
    }

    @Test
    void anEmptyListIsOneWithoutItems() throws JsonProcessingException {
        assertThat(ParameterText.read("", json("{\"type\":\"array\"}"))).isEqualTo(json("[]"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "x;    {\"type\":\"integer\"};            'x' is not of the type integer",
                "1.5;  {\"type\":\"integer\"};            '1.5' is not of the type integer",
                "yes;  {\"type\":\"boolean\"};            'yes' is not of the type boolean",
                "x;    {\"type\":[\"number\",\"null\"]};  'x' is not of the type number or null",
                "0,x;  {\"type\":\"array\",\"items\":{\"type\":\"integer\"}};  'x' is not of the type integer",
                "{a;   {\"type\":\"object\"};             '{a' is not of the type object",
            })
    void isRefusedInWordsWhereItIsNothingOfTheKind(String text, String schema, String words)
            throws JsonProcessingException {
        JsonNode parsed = json(schema);
        assertThatThrownBy(() -> ParameterText.read(text, parsed))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(words);
    }
}
