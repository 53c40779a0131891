using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public class DecodeTests
{
    private const string Classic = """
        {"id":"z0.1","pipeline":"0.default","code":0,"desc":"done","reqid":"r","inputBucket":"b","inputKey":"in.mp4","items":[
          {"cmd":"avthumb/m3u8/hlsKey/c2VjcmV0","code":0,"key":"out.m3u8","hash":"h","returnOld":1},
          {"cmd":"vframe/jpg","code":3,"error":"not a valid media","errorIndex":1}]}
        """;

    private const string WorkflowV3 = """
        {"version":"v3","id":"z0.3","code":5,"input":{"kodo_file":{"bucket":"b","key":"in"}},"ops":[
          {"id":"op1","fop":{"cmd":"avthumb/mp4","result":{"code":0,"has_output":true,"kodo_file":{"bucket":"b","key":"o"}}}},
          {"id":"op2","fop":{"cmd":"vframe/jpg","input_from":"op1"},"depends":["op1"]}]}
        """;

    private const string WorkflowV2 = """
        {"id":"z0.2","status":"FINISHED","success":true,"result":{"code":0},"input":{"source":{"bucket":"b","key":"in"}},"ops":[
          {"op":{"type":"transcode","params":{"cmd":"avthumb"}},"result":{"code":0}}]}
        """;

    private const string Fops = """{"id":"10.1","code":3,"inputbucket":"b","inputkey":"in","items":[{"cmd":"avthumb/mp4","code":"3","key":"b:out.mp4","error":null}]}""";

    private const string Fmgr = """{"id":"20.1","code":3,"items":[{"cmd":"copy/x","code":3,"key":"out.zip"}]}""";

    [Fact]
    public async Task The_counts_of_commands_add_up_with_those_that_were_skipped()
    {
        var (_, output, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "qiniu"], WorkflowV3);

        Assert.Contains("2: 1 succeeded, 0 failed, 0 open, 1 skipped", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qiniu", Classic, "partiallyFailed")]
    [InlineData("qiniu", WorkflowV3, "cancelled")]
    [InlineData("qiniu", WorkflowV2, "succeeded")]
    [InlineData("wangsuFops", Fops, "succeeded")]
    [InlineData("wangsuFmgr", Fmgr, "succeeded")]
    public async Task Each_form_of_body_is_decoded(string provider, string body, string outcome)
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--provider", provider, "--json"], body);

        Assert.Equal(ExitCodes.Ok, exit);
        using var json = JsonDocument.Parse(output);
        var reading = Assert.Single(json.RootElement.GetProperty("readings").EnumerateArray());
        Assert.Equal(provider, reading.GetProperty("provider").GetString());
        Assert.Equal(outcome, reading.GetProperty("outcome").GetString());
        Assert.Equal(outcome, reading.GetProperty("job").GetProperty("state").GetString());
        Assert.True(reading.GetProperty("closes").GetBoolean());
        Assert.False(reading.GetProperty("asksForPoll").GetBoolean());
    }

    [Theory]
    [InlineData("qiniu", "notification", Classic)]
    [InlineData("qiniu", "poll", Classic)]
    [InlineData("wangsuFmgr", "notification", Fmgr)]
    public async Task A_captured_body_may_start_with_a_byte_order_mark(string provider, string channel, string body)
    {
        using var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "captured.json");
        await File.WriteAllTextAsync(file, body, new UTF8Encoding(true), TestContext.Current.CancellationToken);

        var (exit, output, _) = await CommandRun.RunAsync(["decode", file, "--provider", provider, "--channel", channel]);

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("outcome", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_UTF_16_body_is_refused_with_the_advice_to_save_it_as_UTF_8()
    {
        var (exit, _, error) = await CommandRun.RunAsync(["decode", "-", "--provider", "qiniu"], [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Classic)], isLive: false);

        Assert.Equal(ExitCodes.Failed, exit);
        Assert.Equal("The file is in UTF-16, which no provider sends. Save it as UTF-8, byte for byte as received.\n", error);
    }

    [Fact]
    public async Task The_table_says_what_the_body_means_and_hides_secrets()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "qiniu"], Classic);

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches("outcome +partiallyFailed", output);
        Assert.Matches("closes the job +yes", output);
        Assert.Matches("asks for a poll +no", output);
        Assert.Matches(@"hlsKey/\*\*\* +succeeded +b:out\.m3u8 \(reused old output, nothing was processed\)", output);
        Assert.Matches(@"vframe/jpg +failed +not a valid media \(segment 1\)", output);
        Assert.DoesNotContain("c2VjcmV0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_provider_every_provider_is_tried()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-"], Convert.ToBase64String(Encoding.UTF8.GetBytes(Fmgr)));

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("qiniu: not understood", output, StringComparison.Ordinal);
        Assert.Contains("wangsuFmgr", output, StringComparison.Ordinal);
        Assert.Contains("20.1", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("notification", "none yet", "no")]
    [InlineData("poll", "succeeded", "yes")]
    public async Task The_channel_decides_what_a_code_means(string channel, string outcome, string closes)
    {
        // 6 is "notified" in an answer; a notification has no such code.
        const string Body = """{"id":"20.1","code":6,"items":[{"cmd":"copy/x","code":6,"key":"k"}]}""";

        var (_, output, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "wangsuFmgr", "--channel", channel], Body);

        Assert.Matches($"outcome +{outcome}", output);
        Assert.Matches($"closes the job +{closes}", output);
    }

    [Fact]
    public async Task A_separate_notification_leads_to_a_poll()
    {
        const string Body = """{"id":"20.1","code":3,"separate":1,"items":[{"cmd":"copy/x","code":3,"key":"k"}]}""";

        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "wangsuFops"], Body);

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches("asks for a poll +yes", output);
        Assert.Matches("outcome +none yet", output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("""{"hello":1}""")]
    [InlineData("""{"id":"z0.1","id":"z0.2","code":0,"items":[]}""")]
    public async Task An_undecodable_body_is_exit_code_1_with_the_reason(string body)
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-"], body);
        var (jsonExit, json, _) = await CommandRun.RunAsync(["decode", "-", "--json"], body);

        Assert.Equal((ExitCodes.Failed, ExitCodes.Failed), (exit, jsonExit));
        Assert.Equal(3, output.Split("not understood: the body").Length - 1 + (output.Split("not understood: a property").Length - 1));
        using var document = JsonDocument.Parse(json);
        Assert.All(document.RootElement.GetProperty("readings").EnumerateArray(), reading => Assert.NotEmpty(reading.GetProperty("problem").GetString()!));
    }

    [Fact]
    public async Task Terminal_sequences_in_a_body_have_no_effect()
    {
        const string Body = """{"id":"z0.1","code":3,"inputKey":"\u202egpj.exe","items":[{"cmd":"[red]a[/]\u001b[2J","code":3,"error":"\u009b2J\nline"}]}""";

        var (_, table, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "qiniu"], Encoding.UTF8.GetBytes(Body), isLive: true);
        var (_, json, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "qiniu", "--json"], Body);

        Assert.Contains(@"\u202Egpj.exe", table, StringComparison.Ordinal);
        Assert.Contains(@"[red]a[/]\u001B[2J", table, StringComparison.Ordinal);
        Assert.Contains(@"\u009B2J\nline", table, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", table, StringComparison.Ordinal);
        Assert.DoesNotContain(json, c => char.IsControl(c) && c is not '\n' and not '\r');
        using var document = JsonDocument.Parse(json);
        var item = document.RootElement.GetProperty("readings")[0].GetProperty("job").GetProperty("items")[0];
        Assert.Equal("[red]a[/]\u001b[2J", item.GetProperty("command").GetString());
    }

    [Theory]
    [InlineData("ak", "strong", "recorded", ExitCodes.Ok)]
    [InlineData("other", "invalid", "quarantined", ExitCodes.Failed)]
    public async Task With_keys_and_authorization_the_trust_is_shown_and_decides_the_exit_code(
        string accessKey, string trust, string becomes, int expected)
    {
        using var folder = new TempFolder();
        var config = await ConfigAsync(folder, "WangsuFops");
        const string Url = "https://hooks.example.com/api/notify/video/secret-token";
        var signature = HmacSha1("sk"u8, Encoding.UTF8.GetBytes($"{Url}\n{Fops}"));
        var authorization = $"{accessKey}:{Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(signature)))}";
        string[] args = ["decode", "-", "--config", config, "--source", "video", "--url", Url, "--authorization", authorization];

        var (exit, output, error) = await CommandRun.RunAsync(args, Fops);
        var (jsonExit, json, _) = await CommandRun.RunAsync([.. args, "--json"], Fops);

        Assert.Equal((expected, expected), (exit, jsonExit));
        Assert.Matches($"trust +{trust}", output);
        using var document = JsonDocument.Parse(json);
        var reading = Assert.Single(document.RootElement.GetProperty("readings").EnumerateArray());
        Assert.Equal((trust, becomes), (reading.GetProperty("trust").GetString(), reading.GetProperty("becomes").GetString()));
        Assert.DoesNotContain("secret-token", output + error + json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_closes_the_job_without_an_outcome_says_what_happens_next()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["decode", "-", "--provider", "wangsuFops"], """{"id":"a","code":3,"items":[{"cmd":"x","code":1}]}""");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches("closes the job +yes", output);
        Assert.Contains(
            "none yet: processing is over, but the body does not say how each command ended, so FopWatch polls the status API", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://hooks.example.com/api/notify/video/wrong-token", "this URL has no token of the source 'video'")]
    [InlineData("https://hooks.example.com/api/notify/other/secret-token", "this is not a notify URL of the source 'video'")]
    [InlineData("https://hooks.example.com/notify", "this is not a notify URL: a notify URL ends in /api/notify/SOURCE/TOKEN")]
    [InlineData("https://hooks.example.com/prefix/api/notify/video/secret-token/lesson-42", null)]
    public async Task A_URL_that_the_host_would_answer_404_is_reported(string url, string? problem)
    {
        using var folder = new TempFolder();
        string[] args = ["decode", "-", "--config", await ConfigAsync(folder, "WangsuFops"), "--source", "video", "--url", url];

        var (exit, output, _) = await CommandRun.RunAsync(args, Fops);
        var (jsonExit, json, _) = await CommandRun.RunAsync([.. args, "--json"], Fops);

        var expected = problem is null ? ExitCodes.Ok : ExitCodes.Failed;
        Assert.Equal((expected, expected), (exit, jsonExit));
        Assert.Contains(problem is null ? "hint only" : $"answered 404, no effect: {problem}", output, StringComparison.Ordinal);
        Assert.Equal(problem is not null, json.Contains("\"urlProblem\"", StringComparison.Ordinal));
        Assert.DoesNotContain("-token", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Qiniu", "localhost:7071", "host", "Set FopWatch:PublicUrl to \"https://localhost:7071\".")]
    [InlineData("Qiniu", "hooks.example.com:443", "host", "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".")]
    [InlineData("WangsuFops", "proxy.example.org", "host", "Set FopWatch:PublicUrl to \"https://proxy.example.org\".")]
    [InlineData("WangsuFops", "nowhere.example.org", "unexplained", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak'")]
    public async Task A_wrong_signature_is_explained(string provider, string signedHost, string finding, string suggestion)
    {
        using var folder = new TempFolder();
        var config = await ConfigAsync(folder, provider);
        const string Path = "/api/notify/video/secret-token";
        var qiniu = HmacSha1("sk"u8, Encoding.UTF8.GetBytes($"POST {Path}\nHost: {signedHost}\nContent-Type: application/json\n\n{Fops}"));
        var wangsu = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HmacSha1("sk"u8, Encoding.UTF8.GetBytes($"https://{signedHost}{Path}\n{Fops}"))));
        var signature = Convert.ToBase64String(provider == "Qiniu" ? qiniu : wangsu).Replace('+', '-').Replace('/', '_');
        string[] args =
        [
            "decode", "-", "--config", config, "--source", "video", "--url", "https://hooks.example.com" + Path,
            "--header", $"Authorization: {(provider == "Qiniu" ? "Qiniu " : "")}ak:{signature}", "--header", "Content-Type: application/json",
            "--header", "Host: localhost:7071", "--header", "X-Forwarded-Host: proxy.example.org",
        ];

        var (_, output, error) = await CommandRun.RunAsync(args, Fops);
        var (_, json, _) = await CommandRun.RunAsync([.. args, "--json"], Fops);
        var (_, undecodable, _) = await CommandRun.RunAsync(args, "garbage");

        Assert.Matches("why +The signature is wrong", output);
        Assert.Contains("https://hooks.example.com/api/notify/video/***", output, StringComparison.Ordinal);
        Assert.Contains("why: The signature is wrong", undecodable, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(json);
        var explained = document.RootElement.GetProperty("readings")[0].GetProperty("signature");
        Assert.Equal(finding, Assert.Single(explained.GetProperty("findings").EnumerateArray()).GetString());
        Assert.Contains(suggestion, explained.GetProperty("suggestion").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret-token", output + error + json + undecodable, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_covered_by_a_signature_can_be_given()
    {
        using var folder = new TempFolder();
        var config = await ConfigAsync(folder, "Qiniu");
        const string Signed = "POST /api/notify/video/secret-token\nHost: hooks.example.com\nContent-Type: application/json\nX-Qiniu-Date: 20260101T000000Z\n\n";
        var signature = Convert.ToBase64String(HmacSha1("sk"u8, Encoding.UTF8.GetBytes(Signed + Classic))).Replace('+', '-').Replace('/', '_');
        string[] args =
        [
            "decode", "-", "--config", config, "--source", "video", "--url", "https://hooks.example.com/api/notify/video/secret-token",
            "--header", $"Authorization: Qiniu ak:{signature}", "--header", "Content-Type: application/json", "--header", "Accept: */*",
        ];

        var (_, with, _) = await CommandRun.RunAsync([.. args, "--header", "x-qiniu-date: 20260101T000000Z"], Classic);
        var (_, without, _) = await CommandRun.RunAsync(args, Classic);

        Assert.Matches("trust +strong", with);
        Assert.Matches("trust +invalid", without);
    }

    [Theory]
    [InlineData("decode", "/there/is/no/such/file")]
    [InlineData("decode", "-", "--provider", "amazon")]
    [InlineData("decode", "-", "--provider", "1")]
    [InlineData("decode", "-", "--authorization", "Qiniu a:b")]
    [InlineData("decode", "-", "--source", "video", "--config", "/there/is/no/such/file.json")]
    [InlineData("decode", "-", "--header", "nonsense")]
    [InlineData("decode", "-", "--url", "secret-token")]
    [InlineData("decode")]
    public async Task Wrong_usage_is_exit_code_2(params string[] args)
    {
        var (exit, output, error) = await CommandRun.RunAsync(args, Fops);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.NotEmpty(error.Trim());
        Assert.DoesNotContain("secret-token", output + error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("track", "Exit codes:")]
    [InlineData("watch", "Examples:")]
    [InlineData("decode", "--authorization 'Qiniu AK:SIGNATURE'")]
    public async Task Help_has_examples(string command, string expected)
    {
        var (exit, output, _) = await CommandRun.RunAsync([command, "--help"]);

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

#pragma warning disable CA5350 // The providers sign with it.
    private static byte[] HmacSha1(ReadOnlySpan<byte> secret, byte[] text) => HMACSHA1.HashData(secret, text);
#pragma warning restore CA5350

    [Theory]
    [InlineData("lessons", "notification", ExitCodes.Failed, "The report is about the bucket 'b', which is not in FopWatch:Sources:video:Buckets.")]
    [InlineData("lessons", "poll", ExitCodes.Failed, "The report is about the bucket 'b', which is not in FopWatch:Sources:video:Buckets.")]
    [InlineData("b", "notification", ExitCodes.Ok, null)]
    [InlineData("b", "poll", ExitCodes.Ok, null)]
    public async Task A_bucket_that_the_source_does_not_list_is_reported(string bucket, string channel, int exitCode, string? reason)
    {
        using var folder = new TempFolder();
        string[] args = ["decode", "-", "--config", await ConfigAsync(folder, "Qiniu", bucket), "--source", "video", "--channel", channel];
        string[] notified = channel == "poll" ? args : [.. args, "--url", "https://hooks.example.com/api/notify/video/secret-token"];

        var (exit, output, _) = await CommandRun.RunAsync(notified, Classic);
        var (_, text, _) = await CommandRun.RunAsync([.. notified, "--json"], Classic);

        Assert.Equal(exitCode, exit);
        Assert.Contains("partiallyFailed", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(text);
        var reading = json.RootElement.GetProperty("readings")[0];
        Assert.Equal(reason, reading.TryGetProperty("outOfScope", out var said) ? said.GetString() : null);
        Assert.Equal(reason is not null, output.Contains("which is not in", StringComparison.Ordinal));
        if (channel == "notification")
            Assert.Equal(reason is null ? "hinted" : "quarantined", reading.GetProperty("becomes").GetString());
    }

    private static async Task<string> ConfigAsync(TempFolder folder, string provider, string? bucket = null)
    {
        var file = Path.Combine(folder.FullName, "settings.json");
        await File.WriteAllTextAsync(
            file,
            $$"""
            {"FopWatch":{"Sources":{"video":{"Provider":"{{provider}}", "StatusEndpoint":"https://mgr.example.com",
              "NotifyTokens":["secret-token"],"Keys":{"ak":"sk"}{{(bucket is null ? "" : $",\"Buckets\":[\"{bucket}\"]")}}
            } } } }
            """,
            TestContext.Current.CancellationToken);
        return file;
    }
}
