using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary><c>decode</c> of upload callbacks.</summary>
public sealed class DecodeUploadTests : IDisposable
{
    private const string Url = "https://hooks.example.com/api/uploads/media/3f9d0c51e27a4b86";
    private const string Form = "persistentId=z0.up&bucket=course-video&key=lessons%2F42.mp4&hash=FhGx&x:lesson=42&other=1";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Form)]
    [InlineData("""{"persistentId":"z0.up","bucket":"course-video","key":"lessons/42.mp4","hash":"FhGx","x:lesson":"42","other":"1"}""")]
    public async Task A_callback_is_read_as_a_form_and_as_JSON(string body)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["decode", "-", "--channel", "upload", "--json"], body);

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        using var json = JsonDocument.Parse(output);
        Assert.Equal("upload", json.RootElement.GetProperty("channel").GetString());
        Assert.False(json.RootElement.TryGetProperty("readings", out _));
        var upload = json.RootElement.GetProperty("upload");
        Assert.Equal("z0.up", upload.GetProperty("id").GetString());
        Assert.Equal("""{"bucket":"course-video","hash":"FhGx","key":"lessons/42.mp4","lesson":"42"}""", Compact(upload.GetProperty("metadata")));
        Assert.Equal(
            """{"persistentId":"z0.up","bucket":"course-video","key":"lessons/42.mp4","hash":"FhGx","x:lesson":"42","other":"1"}""", Compact(upload.GetProperty("answer")));
        Assert.False(upload.TryGetProperty("becomes", out _));
    }

    [Fact]
    public async Task The_registration_that_would_be_made_is_shown()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--channel", "upload"], Form);

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Equal(
            """
            qiniu: understood as an upload callback
              id        z0.up
              metadata  bucket=course-video
              metadata  hash=FhGx
              metadata  key=lessons/42.mp4
              metadata  lesson=42
              answered  {"persistentId":"z0.up","bucket":"course-video","key":"lessons/42.mp4","hash":"FhGx","x:lesson":"42","other":"1"}
              so        its job is registered with this metadata if it is trusted; give --source, --url and --authorization to check

            """.ReplaceLineEndings("\n"),
            Trimmed(output));
    }

    [Theory]
    [InlineData("signed", "", ExitCodes.Ok, "its job is registered with this metadata\n")]
    [InlineData("signed", "Buckets:other", ExitCodes.Failed, "quarantined")]
    [InlineData("unsigned", "", ExitCodes.Ok, "hint only: FopWatch polls the status API about the id at once, and the job gets none of this metadata")]
    [InlineData("unsigned", "Trust:Token", ExitCodes.Ok, "its job is registered with this metadata, and polled at once")]
    [InlineData("wrong", "", ExitCodes.Failed, "quarantined")]
    [InlineData("elsewhere", "", ExitCodes.Failed, "answered 404, no effect: this URL has no token of the source 'media'")]
    [InlineData("otherField", "", ExitCodes.Failed, "quarantined")]
    [InlineData("nothingAsked", "", ExitCodes.Ok, "nothing is registered; answered 200")]
    public async Task The_sources_settings_decide_what_the_callback_does(string kind, string setting, int exit, string consequence)
    {
        var file = Path.Combine(_folder.FullName, "fopwatch.json");
        var more = setting switch
        {
            "Trust:Token" => ", \"Trust\": \"Token\"",
            "Buckets:other" => ", \"Buckets\": [\"other\"]",
            _ => "",
        };
        var field = kind == "otherField" ? ", \"UploadCallback\": { \"IdField\": \"id\" }" : "";
        await File.WriteAllTextAsync(
            file,
            $$"""{ "FopWatch": { "PublicUrl": "https://hooks.example.com", "Sources": { "media": { "Provider": "Qiniu", "NotifyTokens": ["3f9d0c51e27a4b86"], "Keys": { "AK": "SK" }{{more}}{{field}} } } } }""",
            TestContext.Current.CancellationToken);
        var body = kind == "nothingAsked" ? "persistentId=&key=a" : Form;
        var url = kind == "elsewhere" ? Url[..^1] + "0" : Url;
        string[] signed = kind == "unsigned" ? [] : ["--authorization", $"QBox AK:{Sign(new Uri(url).AbsolutePath + "\n" + (kind == "wrong" ? "x" : body))}"];

        // The channel follows from the URL.
        var (ended, output, error) = await CommandRun.RunAsync(
            ["decode", "-", "--config", file, "--source", "media", "--url", url, "--content-type", "application/x-www-form-urlencoded", .. signed], body);

        Assert.Equal((exit, ""), (ended, error));
        Assert.Matches($"(?m)^  so +{Regex.Escape(consequence)}", Trimmed(output));
        Assert.DoesNotContain("3f9d0c51", output, StringComparison.Ordinal);
        if (kind == "otherField")
            Assert.Contains("the body has no field 'id'", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Excess_variables_are_ignored()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--channel", "upload"], $"persistentId=z0.up&key=a&x:big={new string('b', 5000)}");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("  left out  the variables: a job can have at most 4096 bytes of metadata", output, StringComparison.Ordinal);
        Assert.Contains("  metadata  key=a\n", Trimmed(output), StringComparison.Ordinal);
        Assert.DoesNotContain("metadata  big", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_whose_description_exceeds_the_limit_leaves_no_metadata_as_in_the_host()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--channel", "upload"], $"persistentId=z0.up&key={new string('k', 5000)}&x:a=b");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("  left out  all: a job can have at most 4096 bytes of metadata", output, StringComparison.Ordinal);
        Assert.DoesNotContain("  metadata  ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_Qiniu_has_upload_callbacks()
    {
        var (exit, _, error) = await CommandRun.RunAsync(["decode", "-", "--channel", "upload", "--provider", "wangsuFmgr"], Form);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.StartsWith("--channel: wangsuFmgr has no upload callbacks; qiniu has.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_terminal_of_80_columns_a_long_value_continues_in_its_column()
    {
        var file = Path.Combine(_folder.FullName, "callback.txt");
        await File.WriteAllTextAsync(file, Form, TestContext.Current.CancellationToken);
        var config = Path.Combine(_folder.FullName, "fopwatch.json");
        await File.WriteAllTextAsync(
            config,
            """{ "FopWatch": { "Sources": { "media": { "Provider": "Qiniu", "NotifyTokens": ["3f9d0c51e27a4b86"], "Keys": { "AK": "SK" } } } } }""",
            TestContext.Current.CancellationToken);

        await using var run = CommandRun.StartLive(
            ["decode", file, "--config", config, "--source", "media", "--url", Url, "--authorization", $"QBox AK:{Sign("x")}"], 80);
        Assert.Equal(ExitCodes.Failed, await run.ExitAsync());

        var lines = Trimmed(CommandRun.Plain(run.Output.ToString())).Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains($"  checked for  {Url.Replace("3f9d0c51e27a4b86", "***", StringComparison.Ordinal)}", lines);
        Assert.All(lines.Where(line => !line.StartsWith("qiniu", StringComparison.Ordinal)), line => Assert.Matches("^$|^  [a-z ]{11}  [^ ]|^ {15}[^ ]", line));
    }

    private static string Trimmed(string output) => Regex.Replace(output, "(?m) +$", "");

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);

    private static string Sign(string text) =>
        Convert.ToBase64String(HMACSHA1.HashData("SK"u8, Encoding.UTF8.GetBytes(text))).Replace('+', '-').Replace('/', '_');
}
