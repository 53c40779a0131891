using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.PortContracts;

/// <summary>The contract of <see cref="IOutbox"/>.</summary>
public abstract class OutboxContract : StoreContract<IOutbox>
{
    [Fact]
    public async Task An_event_waits_whole_from_the_commit_of_its_change()
    {
        var change = Sample.Job("a").PartiallyFailed(TimeSpan.FromTicks(98_765_432_101));
        var expected = change.ToEvent()!;
        await CommitAsync(Sample.Job("b").New());
        Assert.Empty(await Port.PendingAsync(10, Cancelled));

        await CommitAsync(change.On(null));

        var pending = Assert.Single(await Port.PendingAsync(10, Cancelled));
        Assert.Equal(expected with { Body = default }, pending with { Body = default });
        Assert.Equal(expected.Body.ToArray(), pending.Body.ToArray());
    }

    [Fact]
    public async Task A_refused_commit_leaves_no_event()
    {
        var job = Sample.Job("a");
        var first = await CommitAsync(job.New());
        await CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), first, null));

        Assert.Null(await Jobs.CommitAsync(job.Settled().On(first), Cancelled));
        Assert.Null(await Jobs.CommitAsync(job.Settled().On(null), Cancelled));

        Assert.Empty(await Port.PendingAsync(10, Cancelled));
    }

    [Fact]
    public async Task A_repeated_commit_adds_no_second_event_even_after_the_first_was_published()
    {
        var change = Sample.Job("a").Settled();
        var etag = await CommitAsync(change.On(null));

        Assert.Equal(etag, await Jobs.CommitAsync(change.On(null), Cancelled));
        var pending = await Port.PendingAsync(10, Cancelled);
        Assert.Single(pending);

        await Port.RemoveAsync(pending, Cancelled);
        Assert.Equal(etag, await Jobs.CommitAsync(change.On(null), Cancelled));
        Assert.Empty(await Port.PendingAsync(10, Cancelled));
    }

    [Fact]
    public async Task The_events_of_one_job_come_in_the_order_of_their_versions()
    {
        var job = Sample.Job("a");
        var change = job.Progressed(TimeSpan.FromMinutes(1));
        var etag = await CommitAsync(change.On(null));
        for (var i = 0; i < 11; i++)
        {
            change = change.Job.Republish(Sample.Start.AddMinutes(2 + i));
            etag = await CommitAsync(change.On(etag));
        }

        var versions = (await Port.PendingAsync(100, Cancelled)).Select(pending => pending.Version).ToList();

        Assert.Equal(12, versions.Count);
        Assert.Equal(versions.Order(), versions);
    }

    [Theory]
    [InlineData(true, "correlation", "order-7")]
    [InlineData(false, "lesson", "42")]
    public async Task News_of_a_job_after_its_outcome_is_published_with_its_outcome_once(bool byNotifyUrl, string name, string value)
    {
        var recording = new ObservedRecorder(Jobs, TimeProvider.System);
        var (recorder, source) = (recording.Recorder, recording.Source);
        var report = Sample.Succeeded(ReportChannel.Notification);
        var settled = await recorder.ReportAsync(source, "a", report, null, Cancelled);
        await Port.RemoveAsync(await Port.PendingAsync(10, Cancelled), Cancelled);

        for (var i = 0; i < 2; i++)
        {
            if (byNotifyUrl)
                await recorder.ReportAsync(source, "a", report, value, Cancelled);
            else
                await recorder.RegisterAsync(source, "a", new Dictionary<string, string> { [name] = value }, null, Cancelled);
        }

        var pending = (await Port.PendingAsync(10, Cancelled)).Select(one => JobEvent.Parse(one.Body)).ToList();
        var published = Assert.Single(pending, one => one.Data.Metadata is not null);
        Assert.Equal((JobEvent.SettledType, JobState.Succeeded, value), (published.Type, published.Data.State, published.Data.Metadata![name]));
        Assert.True(published.Data.Version > settled!.Version);
        Assert.Same(published, pending[^1]);
        Assert.Equal(settled.SettledAt, published.Data.SettledAt);
    }

    [Fact]
    public async Task The_oldest_events_come_first_and_no_more_than_requested()
    {
        for (var i = 0; i < 6; i++)
            await CommitAsync(Sample.Job($"j{5 - i}", i % 2 == 0 ? "media" : "other").Settled(TimeSpan.FromMinutes(i)).On(null));

        Assert.Equal(["j5", "j4", "j3"], (await Port.PendingAsync(3, Cancelled)).Select(pending => pending.Key.Id));
        Assert.Equal(["j5", "j4", "j3", "j2", "j1", "j0"], (await Port.PendingAsync(100, Cancelled)).Select(pending => pending.Key.Id));
    }

    [Fact]
    public async Task Removed_events_are_gone_and_removing_them_again_is_not_an_error()
    {
        for (var i = 0; i < 4; i++)
            await CommitAsync(Sample.Job($"j{i}").Settled(TimeSpan.FromMinutes(i)).On(null));
        var published = await Port.PendingAsync(3, Cancelled);

        await Port.RemoveAsync(published, Cancelled);
        await Port.RemoveAsync(published, Cancelled);
        await Port.RemoveAsync([], Cancelled);

        Assert.Equal("j3", Assert.Single(await Port.PendingAsync(10, Cancelled)).Key.Id);
    }

    [Fact]
    public async Task Removing_one_event_of_a_job_leaves_the_others()
    {
        var first = Sample.Job("a").Progressed();
        var etag = await CommitAsync(first.On(null));
        await CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));

        await Port.RemoveAsync([first.ToEvent()!], Cancelled);

        Assert.Equal(first.Job.Version + 1, Assert.Single(await Port.PendingAsync(10, Cancelled)).Version);
    }

    [Fact]
    public async Task The_depth_is_the_number_of_waiting_events_and_the_time_of_the_oldest()
    {
        Assert.Equal((0, null), await Port.DepthAsync(Cancelled));

        for (var i = 0; i < 3; i++)
            await CommitAsync(Sample.Job($"j{i}").Settled(TimeSpan.FromMinutes(i)).On(null));
        Assert.Equal((3, Sample.Start), await Port.DepthAsync(Cancelled));

        await Port.RemoveAsync(await Port.PendingAsync(1, Cancelled), Cancelled);
        Assert.Equal((2, Sample.Start.AddMinutes(1)), await Port.DepthAsync(Cancelled));

        await Port.RemoveAsync(await Port.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal((0, null), await Port.DepthAsync(Cancelled));
    }

    [Fact]
    public async Task A_refused_event_waits_for_its_retry_and_delays_no_other_job()
    {
        for (var i = 0; i < 3; i++)
            await CommitAsync(Sample.Job($"j{i}").Settled(TimeSpan.FromMinutes(i)).On(null));
        var refused = (await Port.PendingAsync(1, Cancelled))[0] with { Refusals = 3, RetryAt = Later };

        await Port.SetAsideAsync([refused], Cancelled);

        Assert.Equal(["j1", "j2"], (await Port.PendingAsync(2, Cancelled)).Select(pending => pending.Key.Id));
        Assert.Equal((3, Sample.Start), await Port.DepthAsync(Cancelled));
        Assert.Equal(1, await Port.CountSetAsideAsync(Cancelled));

        await Port.SetAsideAsync([refused with { Refusals = 4, RetryAt = Sample.Start.AddHours(-1) }], Cancelled);
        var again = await Port.PendingAsync(10, Cancelled);
        Assert.Equal(["j0", "j1", "j2"], again.Select(pending => pending.Key.Id));
        Assert.Equal(refused with { Refusals = 4, RetryAt = Sample.Start.AddHours(-1), Body = default }, again[0] with { Body = default });
        Assert.Equal(refused.Body.ToArray(), again[0].Body.ToArray());

        await Port.RemoveAsync(again, Cancelled);
        Assert.Equal((0, null), await Port.DepthAsync(Cancelled));
        Assert.Equal(0, await Port.CountSetAsideAsync(Cancelled));
    }

    [Fact]
    public async Task Later_events_of_a_job_wait_for_a_refused_one_until_it_was_refused_too_often()
    {
        var first = Sample.Job("a").Progressed();
        var etag = await CommitAsync(first.On(null));
        await CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));
        await CommitAsync(Sample.Job("b").Settled(TimeSpan.FromMinutes(2)).On(null));
        var refused = (await Port.PendingAsync(1, Cancelled))[0] with { Refusals = OutboxTurns.HoldsBack - 1, RetryAt = Later };

        await Port.SetAsideAsync([refused], Cancelled);
        Assert.Equal(["b"], (await Port.PendingAsync(10, Cancelled)).Select(pending => pending.Key.Id));

        await Port.SetAsideAsync([refused with { Refusals = OutboxTurns.HoldsBack }], Cancelled);
        Assert.Equal([("a", refused.Version + 1), ("b", 2)], (await Port.PendingAsync(10, Cancelled)).Select(pending => (pending.Key.Id, pending.Version)));
    }

    [Fact]
    public async Task A_wait_that_started_with_a_clock_ahead_delays_nothing()
    {
        await CommitAsync(Sample.Job("a").Settled().On(null));
        var refused = (await Port.PendingAsync(1, Cancelled))[0] with { Refusals = 1, RetryAt = DateTimeOffset.UtcNow.AddYears(10) };

        await Port.SetAsideAsync([refused], Cancelled);

        Assert.Equal("a", Assert.Single(await Port.PendingAsync(10, Cancelled)).Key.Id);
    }

    [Fact]
    public async Task Refused_events_delay_no_others_even_if_they_exceed_a_page()
    {
        for (var i = 0; i < 12; i++)
            await CommitAsync(Sample.Job($"j{i:00}").Settled(TimeSpan.FromMinutes(i)).On(null));
        var refused = (await Port.PendingAsync(10, Cancelled)).Select(one => one with { Refusals = 1, RetryAt = Later }).ToList();

        await Port.SetAsideAsync(refused, Cancelled);

        Assert.Equal("j10", Assert.Single(await Port.PendingAsync(1, Cancelled)).Key.Id);
        Assert.Equal(10, await Port.CountSetAsideAsync(Cancelled));
    }

    [Fact]
    public async Task Setting_aside_a_removed_event_is_not_an_error_and_leaves_nothing()
    {
        await CommitAsync(Sample.Job("a").Settled().On(null));
        var pending = await Port.PendingAsync(10, Cancelled);
        await Port.RemoveAsync(pending, Cancelled);

        await Port.SetAsideAsync([pending[0] with { Refusals = 1, RetryAt = Later }], Cancelled);
        await Port.SetAsideAsync([], Cancelled);

        Assert.Equal((0, null), await Port.DepthAsync(Cancelled));
        Assert.Equal(0, await Port.CountSetAsideAsync(Cancelled));
    }

    // No test takes as long.
    private static readonly DateTimeOffset Later = DateTimeOffset.UtcNow + SetAside.Longest;
}
