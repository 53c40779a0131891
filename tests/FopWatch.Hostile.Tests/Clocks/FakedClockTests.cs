using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Hostile.Tests.Clocks;

/// <summary>The embedded host as a process whose system clock is set wrong, while it runs or before it starts.</summary>
public class FakedClockTests
{
    private static readonly JsonSerializerOptions Json = ApiJson.Wire.Options;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData("-1h")]
    [InlineData("+1h")]
    [InlineData("-30d")]
    [InlineData("+60d")]
    public async Task A_clock_jump_while_the_host_runs_postpones_no_poll_and_gives_up_no_job(string jump)
    {
        using var clock = new FakedClock();
        await using var status = await StatusStub.StartAsync();
        using var host = await HostProcess.StartAsync(Settings(status), variables: clock.Variables);
        using var http = new HttpClient { BaseAddress = host.Url };
        await RegisterAsync(http, "before", firstPollAfter: 4);
        clock.Set(jump);
        await RegisterAsync(http, "after", firstPollAfter: 2);
        await RegisterAsync(http, "running", firstPollAfter: 2);
        status.Succeeds("before");
        status.Succeeds("after");

        foreach (var id in (string[])["before", "after"])
            Assert.Equal(JobState.Succeeded, (await JobAsync(http, id, wait: 30)).State);
        await Eventually.HoldsAsync(async () => (await JobAsync(http, "running")).Polls > 0);

        var job = await JobAsync(http, "running");
        Assert.Equal((JobState.Waiting, WatchStatus.Watching), (job.State, job.Watch));
        Assert.InRange(job.RegisteredAt, DateTimeOffset.UtcNow.AddMinutes(-3), DateTimeOffset.UtcNow.AddMinutes(1));
        await Eventually.HoldsAsync(async () =>
            (await http.GetStringAsync("/health/ready", Cancelled)).Contains("clockJumped", StringComparison.Ordinal));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_job_registered_with_the_clock_thirty_days_ahead_is_polled_once_the_clock_is_right()
    {
        using var clock = new FakedClock();
        await using var status = await StatusStub.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fopwatch-hostile-").FullName;
        clock.Set("+30d");
        using var ahead = await HostProcess.StartAsync(Settings(status), folder: folder, variables: clock.Variables);
        using (var http = new HttpClient { BaseAddress = ahead.Url })
        {
            await RegisterAsync(http, "job", firstPollAfter: 20);
            Assert.InRange((await JobAsync(http, "job")).RegisteredAt, DateTimeOffset.UtcNow.AddDays(29), DateTimeOffset.UtcNow.AddDays(31));
        }

        ahead.Kill();
        clock.Set("+0");
        status.Succeeds("job");
        using var host = await HostProcess.StartAsync(Settings(status), folder: folder, variables: clock.Variables);
        using (var http = new HttpClient { BaseAddress = host.Url })
            Assert.Equal((JobState.Succeeded, SettledBy.Poll), (await JobAsync(http, "job", wait: 100)) is var job ? (job.State, job.SettledBy) : default);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_start_with_the_clock_sixty_days_ahead_purges_nothing_and_gives_nothing_up()
    {
        using var clock = new FakedClock();
        await using var status = await StatusStub.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fopwatch-hostile-").FullName;
        status.Succeeds("settled");
        using var first = await HostProcess.StartAsync(Settings(status), folder: folder, variables: clock.Variables);
        using (var http = new HttpClient { BaseAddress = first.Url })
        {
            await RegisterAsync(http, "settled", firstPollAfter: 1);
            await RegisterAsync(http, "open", firstPollAfter: 5);
            Assert.Equal(JobState.Succeeded, (await JobAsync(http, "settled", wait: 30)).State);
        }

        first.Kill();
        clock.Set("+60d");
        var before = status.Asked.Count;
        using var ahead = await HostProcess.StartAsync(Settings(status), folder: folder, variables: clock.Variables);
        using (var http = new HttpClient { BaseAddress = ahead.Url })
        {
            await Eventually.HoldsAsync(async () => (await JobAsync(http, "open")).Polls > 0 && await HasSweptAsync(folder));
            Assert.Equal((JobState.Waiting, WatchStatus.Watching), (await JobAsync(http, "open")) is var open ? (open.State, open.Watch) : default);
            Assert.Equal(JobState.Succeeded, (await JobAsync(http, "settled")).State);
        }

        Assert.True(status.Asked.Count > before);
        ahead.Kill();
        clock.Set("+0");
        using var host = await HostProcess.StartAsync(Settings(status), folder: folder, variables: clock.Variables);
        using (var http = new HttpClient { BaseAddress = host.Url })
        {
            // The second look planned by the wrong clock is not waited for.
            await Eventually.HoldsAsync(async () => (await JobAsync(http, "open")).NextPollAt < DateTimeOffset.UtcNow.AddMinutes(1));
            status.Succeeds("open");
            Assert.Equal(JobState.Succeeded, (await JobAsync(http, "open", wait: 60)).State);
            Assert.Equal(JobState.Succeeded, (await JobAsync(http, "settled")).State);
        }
    }

    private static Dictionary<string, string?> Settings(StatusStub status) => new()
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = status.Endpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = "right-token",
        ["Sources:media:Poll:First"] = "00:00:02",
        ["Sources:media:Poll:Max"] = "00:00:05",
    };

    private static async Task RegisterAsync(HttpClient http, string id, int firstPollAfter)
    {
        using var answer = await http.PostAsJsonAsync("/api/jobs", new { source = "media", id, firstPollAfter }, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    private static async Task<WatchedJob> JobAsync(HttpClient http, string id, int wait = 0) =>
        (await http.GetFromJsonAsync<WatchedJob>($"/api/jobs/media/{id}?wait={wait}", Json, Cancelled))!;

    private static async Task<bool> HasSweptAsync(string folder)
    {
        await using var file = new SqliteConnection($"Data Source={Path.Combine(folder, SqliteDatabase.FileName)};Mode=ReadOnly;Pooling=False");
        await file.OpenAsync(Cancelled);
        await using var command = file.CreateCommand();
        command.CommandText = "SELECT CAST(value AS TEXT) FROM installation WHERE name = 'doubtedBefore'";
        return await command.ExecuteScalarAsync(Cancelled) is string doubted && string.CompareOrdinal(doubted, DateTimeOffset.UtcNow.ToString("O")) > 0;
    }
}
