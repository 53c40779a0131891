using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Hostile.Tests.Http;
using FopWatch.Simulator;

namespace FopWatch.Hostile.Tests.Trust;

/// <summary>Where keys, tokens and ids must not appear, and which text must not pass unchanged.</summary>
[Collection(nameof(SecretsTests))]
[CollectionDefinition(nameof(SecretsTests), DisableParallelization = true)]
public partial class SecretsTests
{
    private const string ApiKey = "sentinel-api-key-95aa11";
    private const string Token = "sentinel-token-4be201";
    private const string SecretKey = "sentinel-secret-key-0c77";
    private const string AesKey = "c2VudGluZWwtYWVzLWtleQ==";
    private const string SlashedKey = "c2Vu/GluZWwtc2xhc2hlZA==";
    private const string UrlToken = "sentinel-url-token-77b0";
    private const string Id = "z0.sentinelid5d1b";
    private const string Notify = $"/api/notify/media/{Token}";
    private const string Escape = "\u001b[31m";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static readonly Uri Public = new("https://hooks.example.com" + Notify);

    [Fact]
    public async Task No_output_answer_stream_or_store_contains_a_secret_or_raw_control_characters()
    {
        await using var api = await StatusStub.StartAsync();
        api.Succeeds(Id);
        var answers = new StringBuilder();
        using var host = await HostProcess.StartAsync(Settings(api.Endpoint), "Trace");
        using (var http = new HttpClient { BaseAddress = host.Url })
        {
            http.DefaultRequestHeaders.Add("X-Api-Key", ApiKey);
            var good = Body(Id, $"avthumb/m3u8/hlsKey/{AesKey}");
            var url = Convert.ToBase64String(Encoding.UTF8.GetBytes($"https://private.example.com/a.mp4?e=1&token={UrlToken}"));
            var more = Body("z0.more", $"avthumb/m3u8/hlsKey/{SlashedKey}/vb/1m;mkzip/2/url/{url}/alias/YQ==|notify-filter/https://me:{UrlToken}@h.example.com/");
            await SendAsync(HttpMethod.Post, Notify, more, Sign(more));
            await SendAsync(HttpMethod.Get, "/api/jobs/media/z0.more", null);
            await SendAsync(
                HttpMethod.Post,
                "/api/jobs",
                $$$"""{"source":"media","id":"{{{Id}}}","metadata":{"a":"\r\nevent: forged\r\ndata: {}\r\n\r\n\u001b[31m"}}""");
            await SendAsync(HttpMethod.Post, Notify + "/%0d%0aforged%1b%5b31m", good, Sign(good));
            await SendAsync(HttpMethod.Post, Notify, good, Sign(good));
            var failed = """{"id":"z0.other","code":3,"items":[{"cmd":"c\u001b[31m","code":3,"error":"a\r\nevent: forged\r\ndata: b\u0000\u007f\u2028"}]}""";
            await SendAsync(HttpMethod.Post, Notify, failed, Sign(failed));
            await SendAsync(HttpMethod.Post, Notify, good, Sign(good)[..^3] + "A==");
            await SendAsync(HttpMethod.Post, Notify, Body(Id, "c"), null);
            await SendAsync(HttpMethod.Post, Notify, "\u001b[31m garbage \r\n", null);
            await SendAsync(HttpMethod.Post, $"/api/notify/media/{Token}x%0d%0aforged", good, Sign(good));
            await SendAsync(HttpMethod.Get, $"/api/jobs/media/{Id}", null);
            await SendAsync(HttpMethod.Get, "/api/jobs", null);
            await SendAsync(HttpMethod.Get, "/api/jobs?source=%0d%0aforged%1b%5b31m&since=%0d%0a&state=%1b&top=%0a", null);
            await SendAsync(HttpMethod.Get, "/api/jobs?continuation=%1b%5b31m", null);
            await SendAsync(HttpMethod.Get, "/%0d%0aforged%1b%5b31m", null);
            await SendAsync(HttpMethod.Post, $"/api/jobs/media/{Id}/poll", null);
            await SendAsync(HttpMethod.Post, $"/api/jobs/media/{Id}/republish", null);
            await SendAsync(HttpMethod.Post, "/api/jobs", """{"source":"\u001b[31m","id":"\r\nforged"}""");
            await SendAsync(HttpMethod.Get, "/api/quarantine", null);
            await SendAsync(HttpMethod.Post, "/api/quarantine/retry", null);
            await SendAsync(HttpMethod.Post, "/api/quarantine/retry?confirm=1", null);
            await SendAsync(HttpMethod.Get, "/openapi.json", null);
            using (var raw = new RawConnection(host.Url))
            {
                await raw.SendAsync($"POST {Notify} HTTP/1.1\r\nHost: a\r\nX-Forged: {Escape}\r\nContent-Length: 99\r\n\r\nx");
            }

            using (var stranger = new HttpClient { BaseAddress = host.Url })
            {
                stranger.DefaultRequestHeaders.TryAddWithoutValidation("X-Api-Key", ApiKey[..^1]);
                answers.Append(await AttackedHost.SeenAsync(await stranger.GetAsync($"/api/jobs/media/{Id}", Cancelled)));
            }

            var events = await EventsAsync(http);
            AssertStream(events);
            answers.Append(events);

            async Task SendAsync(HttpMethod method, string path, string? body, string? authorization = null)
            {
                using var request = new HttpRequestMessage(method, path);
                if (body is not null)
                {
                    request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                    request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
                }

                if (authorization is not null)
                    request.Headers.TryAddWithoutValidation("Authorization", authorization);
                var answer = await http.SendAsync(request, Cancelled);
                Assert.NotEqual(HttpStatusCode.InternalServerError, answer.StatusCode);
                var seen = await AttackedHost.SeenAsync(answer);
                Assert.DoesNotMatch(Raw(), seen);
                answers.Append(seen);
            }
        }

        // A failing status API and a failing store could cause messages with too much detail.
        await api.DisposeAsync();
        host.Kill();
        var printed = host.Printed;

        var urlInBase64 = Convert.ToBase64String(Encoding.UTF8.GetBytes($"...{UrlToken}"))[6..^4];
        string[] secrets = [ApiKey, Token, SecretKey, AesKey, SlashedKey, SlashedKey[5..], UrlToken, urlInBase64];
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, printed, StringComparison.Ordinal);

            // The quarantine shows a body as received, which may contain an AES key: in Base64, to callers with the API key.
            Assert.DoesNotContain(secret, answers.ToString(), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Id, printed, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", printed, StringComparison.Ordinal);
        Assert.DoesNotMatch(Raw(), printed);
        Assert.All(printed.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(LogLine(), line));
        foreach (var file in Directory.EnumerateFiles(host.Folder))
        {
            var stored = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Cancelled));
            Assert.DoesNotContain(SecretKey, stored, StringComparison.Ordinal);
            Assert.DoesNotContain(ApiKey, stored, StringComparison.Ordinal);
        }

        Figures.Write($"secrets: {secrets.Length} secrets through 23 calls at log level Trace, 0 in {printed.Length} characters of log, 0 in {answers.Length} of answers and events");
    }

    [Fact]
    public async Task No_span_and_no_measurement_contains_a_secret_or_an_id()
    {
        var told = new ConcurrentQueue<string>();
        using var spans = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => told.Enqueue(activity.DisplayName + string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}")) + activity.StatusDescription),
        };
        ActivitySource.AddActivityListener(spans);
        using var measurements = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        measurements.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Tell(instrument, tags));
        measurements.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Tell(instrument, tags));
        measurements.Start();

        await using var api = await StatusStub.StartAsync();
        api.Succeeds(Id);
        await using var host = await AttackedHost.StartAsync(
            Settings(api.Endpoint).Where(setting => setting.Key != "ApiKey").ToDictionary(), ApiKey);
        var good = Encoding.UTF8.GetBytes(Body(Id, $"avthumb/m3u8/hlsKey/{AesKey}"));
        await host.NotifyAsync(Notify, good, null);
        await host.NotifyAsync(Notify, good, Sign(Encoding.UTF8.GetString(good)));
        await host.NotifyAsync(Notify, good, "Qiniu ak:AAAA");
        await host.Http.PostAsync($"/api/jobs/media/{Id}/poll", null, Cancelled);
        await Eventually.HoldsAsync(() => Task.FromResult(told.Any(line => line.Contains("fopwatch.event.delay", StringComparison.Ordinal))));
        measurements.RecordObservableInstruments();

        Assert.Contains(told, line => line.StartsWith("notification", StringComparison.Ordinal));
        Assert.All(told, line => Assert.All((string[])[ApiKey, Token, SecretKey, AesKey, Id], secret => Assert.DoesNotContain(secret, line, StringComparison.Ordinal)));
        Assert.All((string[])[ApiKey, Token, SecretKey, AesKey], secret => Assert.DoesNotContain(secret, host.Log.ToString(), StringComparison.Ordinal));

        void Tell(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var line = new StringBuilder(instrument.Name);
            foreach (var tag in tags)
                line.Append(CultureInfo.InvariantCulture, $" {tag.Key}={tag.Value}");
            told.Enqueue(line.ToString());
        }
    }

    [Fact]
    public void A_setting_with_a_password_in_a_URL_is_refused_and_the_message_does_not_repeat_it()
    {
        var settings = Settings(new("http://user:sentinel-password@127.0.0.1:9"));
        settings.Remove("ApiKey");

        var refused = Assert.Throws<FopWatch.Settings.SettingsException>(() => FopWatch.Settings.FopWatchSettings.Read(settings));

        Assert.Contains("StatusEndpoint", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sentinel", refused.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string?> Settings(Uri statusEndpoint) => new()
    {
        ["PublicUrl"] = "https://hooks.example.com",
        ["ApiKey"] = ApiKey,
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = Token,
        ["Sources:media:Keys:0:AccessKey"] = "ak",
        ["Sources:media:Keys:0:SecretKey"] = SecretKey,
    };

    private static string Body(string id, string command) =>
        $$"""{"id":"{{id}}","code":0,"items":[{"cmd":"{{command}}","code":0,"key":"out.mp4"}]}""";

    private static string Sign(string body) => Signer.Qiniu("ak", SecretKey, Public, "application/json", Encoding.UTF8.GetBytes(body));

    /// <summary>The stream from its start to the second outcome.</summary>
    private static async Task<string> EventsAsync(HttpClient http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Last-Event-ID", "0");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        var stream = new StringBuilder();
        for (var settled = 0; settled < 3;)
        {
            var line = await reader.ReadLineAsync(Cancelled) ?? throw new EndOfStreamException();
            settled += line == "event: fopwatch.job.settled" ? 1 : 0;
            stream.Append(line).Append('\n');
        }

        return stream.Append(await reader.ReadLineAsync(Cancelled)).ToString();
    }

    private static void AssertStream(string stream)
    {
        Assert.DoesNotMatch(Raw(), stream);
        foreach (var line in stream.Split('\n'))
        {
            Assert.True(
                line.Length == 0 || line[0] == ':' || line.StartsWith("id: ", StringComparison.Ordinal)
                || line.StartsWith("event: fopwatch.", StringComparison.Ordinal) || line.StartsWith("data: {", StringComparison.Ordinal),
                line);
        }
    }

    /// <summary>Control characters except line breaks, which terminals would execute.</summary>
    [GeneratedRegex(@"[\x00-\x09\x0B\x0C\x0E-\x1F\x7F]")]
    private static partial Regex Raw();

    [GeneratedRegex(@"^\d\d:\d\d:\d\d\.\d\d\d (trce|dbug|info|warn|fail|crit): ")]
    private static partial Regex LogLine();
}
