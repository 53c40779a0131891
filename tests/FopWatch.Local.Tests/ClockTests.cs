using System.Text;
using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Local.Tests.Http;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests;

/// <summary>The embedded host while the test sets its clock wrong and right again, without a restart.</summary>
public class ClockTests
{
    private const string Done = """{"id":"z0.a","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private readonly ManualTimeProvider _clock = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-1)]
    [InlineData(-24 * 30)]
    [InlineData(24 * 5)]
    public async Task A_job_is_polled_at_its_time_during_a_clock_jump_and_after_the_jump_is_adopted(double hours)
    {
        await using var host = await StartAsync();
        await RegisterAsync(host, "z0.a");
        _clock.Ahead = TimeSpan.FromHours(hours);

        await PassAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(1, (await host.JobAsync("media", "z0.a")).Polls);

        // After the second look the host uses the new time, and polls as often as before.
        await PassAsync(TimeSpan.FromMinutes(60));

        var job = await host.JobAsync("media", "z0.a");
        Assert.Equal((JobState.Waiting, _clock.GetUtcNow()), (job.State, host.Host.Services.GetRequiredService<TimeProvider>().GetUtcNow()));
        Assert.InRange(job.Polls, 4, 9);
    }

    [Fact]
    public async Task A_job_registered_with_the_clock_thirty_days_ahead_is_polled_once_the_clock_is_right_and_lives_until_its_deadline()
    {
        _clock.Ahead = TimeSpan.FromDays(30);
        await using var host = await StartAsync();
        var registered = await RegisterAsync(host, "z0.a");
        Assert.Equal(_clock.GetUtcNow(), registered.RegisteredAt);
        _clock.Ahead = TimeSpan.Zero;

        await PassAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(1, (await host.JobAsync("media", "z0.a")).Polls);
        await PassAsync(TimeSpan.FromMinutes(60));

        var watch = (await StoredAsync(host, "z0.a"))!.Watch;
        Assert.InRange(watch.TotalPolls, 4, 9);
        Assert.InRange(watch.Deadline, _clock.GetUtcNow().AddDays(8.9), _clock.GetUtcNow().AddDays(9));
        Assert.InRange(watch.DueAt!.Value, _clock.GetUtcNow().AddMinutes(-1), _clock.GetUtcNow().AddMinutes(11));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task A_clock_sixty_days_ahead_for_less_than_an_hour_purges_and_expires_nothing(int minutes)
    {
        await using var host = await StartAsync();
        await RegisterAsync(host, "z0.open");
        await RegisterAsync(host, "z0.a");
        await host.NotifyAsync("media", Encoding.UTF8.GetBytes(Done));
        await PassAsync(TimeSpan.FromMinutes(60));
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);

        _clock.Ahead = TimeSpan.FromDays(60);
        await PassAsync(TimeSpan.FromMinutes(minutes));
        _clock.Ahead = TimeSpan.Zero;
        await PassAsync(TimeSpan.FromMinutes(60));

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
        var open = await StoredAsync(host, "z0.open");
        Assert.Equal((JobState.Waiting, WatchStatus.Watching), (open!.State, open.WatchStatus));
        Assert.InRange(open.Watch.DueAt!.Value, _clock.GetUtcNow().AddMinutes(-1), _clock.GetUtcNow().AddMinutes(11));
        Assert.NotEmpty(await EventsAsync(host));
    }

    [Fact]
    public async Task A_lasting_clock_jump_purges_and_expires_after_the_second_looks()
    {
        await using var host = await StartAsync();
        await RegisterAsync(host, "z0.open");
        await RegisterAsync(host, "z0.a");
        await host.NotifyAsync("media", Encoding.UTF8.GetBytes(Done));
        await PassAsync(TimeSpan.FromMinutes(60));

        _clock.Ahead = TimeSpan.FromDays(60);
        await PassAsync(SteadyTime.AdoptedAfter + SecondLook.After + TimeSpan.FromMinutes(20));

        Assert.Null(await StoredAsync(host, "z0.a"));
        var open = await StoredAsync(host, "z0.open");
        Assert.Equal((JobState.Expired, SettledBy.Deadline), (open!.State, open.SettledBy));
    }

    [Fact]
    public async Task A_host_started_with_a_clock_hours_behind_continues_from_the_last_recorded_time()
    {
        await using var host = await StartAsync();
        await RegisterAsync(host, "z0.a");
        await PassAsync(TimeSpan.FromMinutes(1.5));
        await host.StopAsync();

        _clock.Ahead = TimeSpan.FromHours(-8);
        await host.RestartAsync(_clock);
        await PassAsync(TimeSpan.FromMinutes(2));

        var job = await host.JobAsync("media", "z0.a");
        Assert.Equal(1, job.Polls);
        Assert.True((await RegisterAsync(host, "z0.b")).RegisteredAt > job.RegisteredAt);
    }

    private Task<RunningHost> StartAsync() => RunningHost.StartAsync(time: _clock);

    private static async Task<JobRecord> RegisterAsync(RunningHost host, string id)
    {
        await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{id}}"}""");
        return await host.JobAsync("media", id);
    }

    private static async Task<Job?> StoredAsync(RunningHost host, string id) =>
        (await host.Host.Services.GetRequiredService<IJobStore>().FindAsync(new("media", id), Cancelled))?.Job;

    private static ValueTask<IReadOnlyList<LoggedEvent>> EventsAsync(RunningHost host) =>
        host.Host.Services.GetRequiredService<EventLog>().ReadAsync(0, 10, Cancelled);

    /// <summary>Advances the time in steps; the loops handle each before the next.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(10))
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(10, Cancelled);
        }
    }
}
