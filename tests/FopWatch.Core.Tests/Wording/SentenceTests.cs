using System.Text.Encodings.Web;
using System.Text.Json;
using FopWatch.Diagnosis;
using FopWatch.Wording;

namespace FopWatch.Core.Tests.Wording;

public sealed class SentenceTests
{
    private const string English = "[a-z]+ [a-z]+ [a-z]+ [a-z]+";

    private static readonly JsonSerializerOptions InChinese = Options(Language.Chinese, JavaScriptEncoder.Default);
    private static readonly JsonSerializerOptions LiterallyInChinese = Options(Language.Chinese, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
    private static readonly JsonSerializerOptions LiterallyInEnglish = Options(Language.English, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    public static TheoryData<TroubleKind> Kinds => [.. Enum.GetValues<TroubleKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_trouble_is_worded_in_Chinese(TroubleKind kind)
    {
        var trouble = new Trouble { Source = "media", Kind = kind, Since = default, LastAt = default, Count = 1 };
        foreach (var sentence in (Sentence[])[trouble.What, trouble.Hint])
        {
            Assert.Matches(@"\p{IsCJKUnifiedIdeographs}", sentence.In(Language.Chinese));
            Assert.DoesNotMatch(English, sentence.In(Language.Chinese));
            Assert.Matches("^[ -~]+$", sentence.In(Language.English));
        }
    }

    [Fact]
    public void Values_and_sentences_in_a_sentence_are_kept()
    {
        Sentence inner = $"with another body";
        Sentence outer = $"A notification to {"https://a"} arrives {inner}.";
        Assert.Equal("A notification to https://a arrives with another body.", outer.ToString());
        Assert.Equal("发往 https://a 的通知到达时正文已改变。", outer.In(Language.Chinese));
    }

    [Fact]
    public void Texts_with_the_same_words_are_equal()
    {
        Sentence one = $"is {"not"} a number", same = $"{"is not"} a number", other = $"is a number";
        Assert.True(one == same && one.Equals(same) && one.GetHashCode() == same.GetHashCode());
        Assert.True(one != other && one != null && (Sentence?)null == null);
    }

    [Fact]
    public void A_stored_text_is_recognised_with_its_values()
    {
        Assert.Equal("HTTP 503：状态接口要求放慢", Sentence.Verbatim("HTTP 503: the status API asks to slow down").In(Language.Chinese));
        Assert.Equal(
            "报告所属的 bucket“a 'b'”不在 FopWatch:Sources:media:Buckets 中。",
            Sentence.Verbatim("The report is about the bucket 'a 'b'', which is not in FopWatch:Sources:media:Buckets.").In(Language.Chinese));
        Assert.Equal(
            "上传回调：字段“id”应为由 A-Z a-z 0-9 . _ - 组成的 1 到 128 个字符",
            Sentence.Verbatim("An upload callback: the field 'id' is not 1 to 128 of A-Z a-z 0-9 . _ -").In(Language.Chinese));
        Assert.Equal("Something else: 1", Sentence.Verbatim("Something else: 1").In(Language.English));
        Assert.Equal("Something else", Sentence.Verbatim("Something else").In(Language.Chinese));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("the body is empty")]
    [InlineData("An upload callback: the body is empty")]
    [InlineData("a。 b（c。）: d")]
    public void A_name_in_a_stored_text_is_kept_whatever_its_words(string name)
    {
        Assert.Equal(
            $"报告所属的 bucket“{name}”不在 FopWatch:Sources:media:Buckets 中。",
            Sentence.Verbatim($"The report is about the bucket '{name}', which is not in FopWatch:Sources:media:Buckets.").In(Language.Chinese));
        Assert.Equal(
            "报告所属的 bucket“b”不在 FopWatch:Sources:null:Buckets 中。",
            Sentence.Verbatim("The report is about the bucket 'b', which is not in FopWatch:Sources:null:Buckets.").In(Language.Chinese));
    }

    [Fact]
    public void Words_that_stay_English_keep_their_punctuation()
    {
        Assert.Equal("SQLite Error 13: disk full", Sentence.Verbatim("SQLite Error 13: disk full").In(Language.Chinese));
        Assert.Equal("HTTP 503：状态接口要求放慢：a: b", Sentence.Verbatim("HTTP 503: the status API asks to slow down: a: b").In(Language.Chinese));
    }

    [Fact]
    public void Only_the_joints_of_Chinese_sentences_lose_a_space_or_a_full_stop()
    {
        Sentence first = $"Retry the notification.", value = $"Check {"a。 b（c。）"} and {"d"}";
        Assert.Equal("请重试该通知。请重试该通知。", Sentence.Join([first, first]).In(Language.Chinese));
        Assert.Equal("请检查 a。 b（c。） 和 d", value.In(Language.Chinese));
        Sentence bracketed = $"{value} ({first}). {value}.";
        Assert.Equal("请检查 a。 b（c。） 和 d（请重试该通知）。请检查 a。 b（c。） 和 d。", bracketed.In(Language.Chinese));
    }

    [Theory]
    [InlineData(Language.English, "\"Check a\\\\u202Eb and d\"")]
    [InlineData(Language.Chinese, "\"请检查 a\\\\u202Eb 和 d\"")]
    public void Marks_of_the_writing_direction_are_spelled_in_JSON(Language language, string expected)
    {
        Sentence sentence = $"Check {"a\u202Eb"} and {"d"}";
        Assert.Equal(expected, JsonSerializer.Serialize(sentence, language == Language.Chinese ? LiterallyInChinese : LiterallyInEnglish));
    }

    [Fact]
    public void Braces_that_are_no_value_are_kept()
    {
        Sentence sentence = $"{{name}} {{0}} {1.5:0.00} {{";
        Assert.Contains("{name}", sentence.ToString(), StringComparison.Ordinal);
        Assert.Equal("{a}", Sentence.Verbatim("{a}").In(Language.Chinese));
        Assert.Equal("{0}", Sentence.Verbatim("{0}").ToString());
    }

    [Fact]
    public void JSON_has_the_words_of_its_language()
    {
        Sentence sentence = $"Retry the notification.";
        Assert.Equal("\"Retry the notification.\"", JsonSerializer.Serialize(sentence));
        Assert.Equal("请重试该通知。", JsonSerializer.Deserialize<string>(JsonSerializer.Serialize(sentence, InChinese)));
        Assert.Equal(sentence, JsonSerializer.Deserialize<Sentence>("\"Retry the notification.\""));
    }

    private static JsonSerializerOptions Options(Language language, JavaScriptEncoder encoder) =>
        new() { Converters = { new SentenceConverter(language) }, Encoder = encoder };
}
