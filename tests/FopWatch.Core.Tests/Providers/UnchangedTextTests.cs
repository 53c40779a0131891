using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Providers;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Most texts have no secret. The quick test for that agrees with the expressions that search for one.</summary>
public class UnchangedTextTests
{
    private static readonly string[] Texts =
    [
        "id", "z0.560e99c37823de5a49c22393", "xGAAAJdPiD0OTY0U", "FuYTvVs0nZkBZb5ZpIM2OOLzCkNK", "The fop was completed successfully", "avthumb/mp4/vb/1.25m", "上课/第一课.mp4",
        "hlsKey/c2VjcmV0", "key=1", "a:b", "%41", "a\\b", "?token=abc", "\"token\":\"x\"", "token", "inputKey", "accessKey", "ſecret", "Ŀ", "\ud83d\ude00",
        Base64("https://a.example/x?token=abcdef"), Base64("https://me:pass@a.example/x"), Base64("hlsKey/c2VjcmV0"), Base64(Base64("https://a.example/x?token=abcdef")),
        Base64("hello, world, no secret"), "abcdefghijk", "abcdefghijkl", "abcdefghijkl=", "abcdefghijkl==", "abcdefghijkl===", "AAAAAAAAAAAA", "_-_-_-_-_-_-", "4pyTIMOgIGxh4pyT",
        "=", "==", "/", " ", ".", "-", "+",
    ];

    [Fact]
    public void A_body_is_redacted_by_the_same_rules_when_it_is_read_once()
    {
        var member =
            from name in Gen.Elements(Texts).ListOf(2).Select(string.Concat)
            from value in Gen.Elements(Texts).ListOf().Select(string.Concat)
            select (name, value);
        var documents =
            from members in member.ListOf()
            from spellsEscapes in Gen.Elements(true, false)
            select (members, spellsEscapes);
        Holds(documents, document =>
        {
            var json = new JsonObject();
            foreach (var (name, value) in document.members)
                json[name] = new JsonArray(value, new JsonObject { [value] = name });
            var options = new JsonSerializerOptions { Encoder = document.spellsEscapes ? JavaScriptEncoder.Default : JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            var body = Encoding.UTF8.GetBytes(json.ToJsonString(options));

            return CommandRedaction.RedactDistinctJson(body) == CommandRedaction.RedactJson(body);
        });
    }

    [Fact]
    public void Text_without_escapes_is_searched_for_encoded_text_like_text_with_escapes() =>
        Holds(
            Gen.Elements(Texts.Where(text => Ascii.IsValid(text) && !text.Contains('%', StringComparison.Ordinal) && !text.Contains('\\', StringComparison.Ordinal)))
                .ListOf().Select(string.Concat),
            text => CommandRedaction.Redact(text) + " é" == CommandRedaction.Redact(text + " é"));

    [Theory]
    [InlineData("""{"cmd":"avthumb/mp4"}""")]
    [InlineData("""{"desc":"The fop was completed successfully","hash":"FuYTvVs0nZkBZb5ZpIM2OOLzCkNK","inputKey":"in/z0.560e99c37823de5a49c22393.mp4"}""")]
    public void A_body_without_secrets_is_unchanged(string body) => Assert.Equal(body, CommandRedaction.RedactDistinctJson(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("""{"cmd":"avthumb/m3u8/hlsKey/c2VjcmV0"}""", """{"cmd":"avthumb/m3u8/hlsKey/***"}""")]
    [InlineData("""{"accessToken":"x"}""", """{"accessToken":"***"}""")]
    [InlineData("""{"\u0074oken":"x"}""", """{"\u0074oken":"***"}""")]
    [InlineData("""{"cmd":"fetchURL/aHR0cHM6Ly9hLmV4YW1wbGUveD90b2tlbj1hYmNkZWY"}""", """{"cmd":"fetchURL/aHR0cHM6Ly9hLmV4YW1wbGUveD90b2tlbj0qKio="}""")]
    public void A_secret_is_removed_from_a_body(string body, string expected) =>
        Assert.Equal(expected, CommandRedaction.RedactDistinctJson(Encoding.UTF8.GetBytes(body)));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static void Holds<T>(Gen<T> values, Func<T, bool> property) =>
        Check.One(PropertyConfig.Of(3000), Prop.ForAll(values.ToArbitrary(), property));
}
