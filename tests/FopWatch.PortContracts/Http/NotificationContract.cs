using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Diagnosis;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host takes notifications, whatever their content.</summary>
public abstract class NotificationContract : HostContract
{
    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "nothing", [] },
        { "blanks", "  \n"u8.ToArray() },
        { "deep JSON", Encoding.UTF8.GetBytes(new string('[', 100_000)) },
        { "deep JSON in an object", Encoding.UTF8.GetBytes("""{"id":"a","items":""" + new string('[', 5000) + new string(']', 5000) + "}") },
        { "invalid UTF-8", [.. "{\"id\":\""u8, 0xC3, 0x28, .. "\",\"code\":0,\"items\":[]}"u8] },
        { "truncated Base64", "eyJpZCI6IjIwMTA1NDY0NTQwZjE5NzQxNGQ1MWE4NjEyN"u8.ToArray() },
        { "a 600-digit number", Encoding.UTF8.GetBytes($$"""{"id":"a","code":{{new string('9', 600)}},"items":[{"cmd":"c","code":0}]}""") },
        { "a bare 600-digit number", Encoding.UTF8.GetBytes(new string('9', 600)) },
        { "duplicate keys", """{"id":"a","code":3,"code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an id with a slash", """{"id":"a/b","code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an id of 10 KB", Encoding.UTF8.GetBytes($$"""{"id":"{{new string('a', 10_240)}}","code":0,"items":[{"cmd":"c","code":0}]}""") },
        { "an array", """[{"id":"a","code":0,"items":[{"cmd":"c","code":0}]}]"""u8.ToArray() },
        { "no id", """{"code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an unknown shape", """{"id":"a","event":"finished"}"""u8.ToArray() },
        { "binary", [.. Enumerable.Range(0, 256).Select(value => (byte)value)] },
    };

    [Theory]
    [InlineData("?message_type=ws_contentDetect_image")]
    [InlineData("?a=1&a=2&=&A=%zz")]
    public async Task A_notification_is_accepted_with_any_query(string query)
    {
        await using var host = await StartAsync();

        foreach (var suffix in (string[])["", "/lesson-42"])
            Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done, suffix + query)).StatusCode);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Theory]
    [InlineData("/a/b")]
    [InlineData("//")]
    [InlineData("/lesson-42/")]
    [InlineData("/lesson-42//x")]
    public async Task A_notification_to_a_URL_below_a_notify_URL_is_accepted(string suffix)
    {
        await using var host = await StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done, suffix)).StatusCode);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Theory]
    [InlineData("/api/notify")]
    [InlineData("/api/notify/media")]
    [InlineData("/api/notify/media/")]
    [InlineData("/api/notify//right-token")]
    [InlineData("/api/notify/Media/right-token")]
    [InlineData("/api/notify/renamed/right-token")]
    [InlineData("/api/notify/renamed/right-token/a/b")]
    public async Task A_notification_to_an_unknown_URL_is_404_and_a_trouble_of_the_installation(string path)
    {
        await using var host = await StartAsync();

        // A host shared by several tests already has troubles.
        var before = await TroublesAsync();
        for (var i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync(path, Done)).StatusCode);

        var after = await TroublesAsync();
        var unknown = RoutesEmptySegments || !path.Contains("//", StringComparison.Ordinal) ? 2 : 0;
        Assert.Equal(unknown, Count(after, TroubleKind.UnknownNotifyUrl) - Count(before, TroubleKind.UnknownNotifyUrl));
        Assert.Equal(Count(before, TroubleKind.WrongToken), Count(after, TroubleKind.WrongToken));
        Assert.All(after.Where(one => one.Kind == TroubleKind.UnknownNotifyUrl), trouble =>
        {
            Assert.Null(trouble.Source);
            Assert.DoesNotContain("right-token", trouble.Detail, StringComparison.Ordinal);
            Assert.DoesNotContain("renamed", trouble.Detail, StringComparison.Ordinal);
        });

        async Task<IReadOnlyList<Trouble>> TroublesAsync() =>
            (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!.Troubles ?? [];

        static long Count(IEnumerable<Trouble> troubles, TroubleKind kind) => troubles.Where(one => one.Kind == kind).Sum(one => one.Count);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task An_undecodable_notification_is_answered_200_and_kept_byte_for_byte(string what, byte[] body)
    {
        await using var host = await StartAsync();
        foreach (var source in (string[])["media", "files"])
        {
            var answer = await host.NotifyAsync(source, body, "application/json; charset=utf-8");
            Assert.True(answer.StatusCode == HttpStatusCode.OK, what);
            Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Cancelled));
        }

        var kept = (await host.QuarantineAsync()).Notifications;
        Assert.Equal(["files", "media"], kept.Select(one => one.Source).Order());
        foreach (var one in kept)
        {
            Assert.Equal(body, await host.Http.GetByteArrayAsync(one.BodyHref, Cancelled));
            Assert.Equal(body.Length <= 64 * 1024 ? Convert.ToBase64String(body) : null, one.Body);
            Assert.Equal(body.Length, one.Size);
            Assert.NotEmpty(one.Reason.ToString());
            Assert.Equal("application/json; charset=utf-8", one.Headers["Content-Type"]);
        }
    }

    [Theory]
    [InlineData("media", "wrong-token")]
    [InlineData("media", "right-toke")]
    [InlineData("nobody", ServedHost.Token)]
    [InlineData("Media", ServedHost.Token)]
    public async Task An_unknown_source_and_a_wrong_token_get_the_same_404(string source, string token)
    {
        await using var host = await StartAsync();

        var answer = await host.PostAsync($"/api/notify/{source}/{token}", Done);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(
            """{"type":"urn:fopwatch:problem:not-found","title":"Not found.","status":404}""",
            await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_and_counted_with_or_without_its_length()
    {
        // No other test sends as much to this source.
        await using var host = await StartAsync();
        var path = $"/api/notify/video/{ServedHost.Token}";
        var counted = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument is { Meter.Name: Telemetry.Name, Name: "fopwatch.notifications.shed" })
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var told = tags.ToArray();
            if (told.Contains(new("source", "video")) && told.Contains(new("reason", "too large")))
                Interlocked.Add(ref counted, value);
        });
        listener.Start();

        var announced = await host.PostAsync(path, new byte[ServedHost.MaxBodyBytes + 1], "application/json");
        using var chunked = new StreamContent(new MemoryStream(new byte[ServedHost.MaxBodyBytes + 1]));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = chunked, Headers = { TransferEncodingChunked = true } };
        var streamed = await host.Http.SendAsync(request, Cancelled);
        var fits = await host.PostAsync(path, new byte[ServedHost.MaxBodyBytes], "application/json");
        var wrong = await host.PostAsync("/api/notify/video/wrong-token", new byte[ServedHost.MaxBodyBytes + 1], "application/json");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, announced.StatusCode);
        Assert.Equal("urn:fopwatch:problem:too-large", (await ServedHost.ProblemAsync(announced)).Type);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, streamed.StatusCode);
        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, wrong.StatusCode);
        Assert.Equal(IsMeasuredHere ? 2 : 0, counted);
    }

    [Fact]
    public async Task The_correlation_in_the_path_becomes_metadata_and_an_invalid_one_does_no_harm()
    {
        await using var host = await StartAsync();

        await host.NotifyAsync("media", Done, suffix: "/lesson-42");
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.b", StringComparison.Ordinal), suffix: "/%3Cb%3E");

        Assert.Equal("lesson-42", (await host.JobAsync("media", "z0.a")).Metadata!["correlation"]);
        Assert.Null((await host.JobAsync("media", "z0.b")).Metadata);
    }

    [Fact]
    public async Task While_the_store_fails_nothing_is_acknowledged_and_afterwards_everything_works()
    {
        await using var host = await StartAsync();
        HttpResponseMessage settling;
        HttpResponseMessage garbage;
        HttpResponseMessage ready;
        await using (await host.BreakStoreAsync())
        {
            settling = await host.NotifyAsync("media", Done);
            garbage = await host.NotifyAsync("media", "garbage");
            ready = await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.b"}""");
        }

        foreach (var answer in (HttpResponseMessage[])[settling, garbage, ready])
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("urn:fopwatch:problem:unavailable", (await ServedHost.ProblemAsync(answer)).Type);
            Assert.NotNull(answer.Headers.RetryAfter);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
        Assert.Empty((await host.QuarantineAsync()).Notifications);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Fact]
    public async Task Fourteen_identical_notifications_are_one_outcome()
    {
        await using var host = await StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 14).Select(_ => host.NotifyAsync("media", Done)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal((JobState.Succeeded, 1), ((await host.JobAsync("media", "z0.a")).State, (await host.JobAsync("media", "z0.a")).Version));
    }

    /// <summary>Whether the host records metrics in the test process, the only place where the tests can listen.</summary>
    protected virtual bool IsMeasuredHere => true;

    /// <summary>Whether a path with an empty segment after <c>/api/notify</c> reaches the app, instead of a 404 in front of it.</summary>
    protected virtual bool RoutesEmptySegments => true;
}
