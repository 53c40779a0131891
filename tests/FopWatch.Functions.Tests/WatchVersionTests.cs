using FopWatch.Contracts;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>Instances of released versions, and of later ones.</summary>
public class WatchVersionTests(SharedAzurite azurite)
{
    private const string Id = "z0.560e99c37823de5a49c22393";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_instance_id_is_not_the_jobs_and_has_at_most_a_hundred_characters()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());

        var instance = host.InstanceIdOf(Id);

        Assert.StartsWith($"{WatchHost.SourceName}:", instance, StringComparison.Ordinal);
        Assert.DoesNotContain(Id, instance, StringComparison.Ordinal);
        Assert.Equal(instance, host.InstanceIdOf(Id));
        Assert.NotEqual(instance, host.InstanceIdOf("other"));

        // For ids of any length: providers' ids grow.
        Assert.All([128, 1000], length => Assert.Equal(
            64 + 1 + JobReferences.Length,
            WatchJob.InstanceIdOf(host.Services.GetRequiredService<IJobStore>().References, new(new('s', 64), new('i', length))).Length));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_the_first_version_polls_once_more_and_ends_and_the_timer_starts_another()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        var job = await host.RegisterAsync(Id);
        host.Time.AdvanceTo(job.Watch.DueAt!.Value);
        var old = $"{WatchHost.SourceName}:{Id}";
        await host.Client.ScheduleNewOrchestrationInstanceAsync(
            WatchJob.Name, new { source = WatchHost.SourceName, id = Id, version = 1 }, new StartOrchestrationOptions(old), Cancelled);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.Client.WaitForInstanceCompletionAsync(old, Cancelled)).RuntimeStatus);
        Assert.Equal((1, false), (host.Provider.TimesAsked(Id), (await host.JobAsync(Id)).IsSettled));

        await host.StartWhenDueAsync(Id);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal((JobState.Succeeded, 3), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_the_first_version_whose_job_was_settled_since_ends_without_a_query()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var longest = new string('i', JobKey.MaxIdLength);
        await host.RegisterAsync(longest);
        await host.NotifyAsync(longest);
        var old = $"{WatchHost.SourceName}:{longest}";
        Assert.True(old.Length > 100);

        await host.Client.ScheduleNewOrchestrationInstanceAsync(
            WatchJob.Name, new { source = WatchHost.SourceName, id = longest, version = 1 }, new StartOrchestrationOptions(old), Cancelled);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.Client.WaitForInstanceCompletionAsync(old, Cancelled)).RuntimeStatus);
        Assert.Equal(0, host.Provider.TimesAsked(longest));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_without_a_version_and_with_an_unknown_property_continues()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        await host.RegisterAsync(Id);

        await host.ScheduleAsync(Id, new { source = WatchHost.SourceName, id = Id, whatever = 1 });
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_a_later_version_ends_and_the_timer_starts_this_versions_watch()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.RegisterAsync(Id);

        await host.ScheduleAsync(Id, new { source = WatchHost.SourceName, id = Id, version = WatchInput.Latest + 1 });
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(0, host.Provider.TimesAsked(Id));

        await host.StartWhenDueAsync(Id);
        await host.SettledAsync(Id);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_the_second_version_sleeps_until_the_given_times()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:01:20"), ("Max", "00:01:20"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.RegisterAsync(Id);
        var due = host.Time.GetUtcNow().AddSeconds(4);
        host.Time.Shift(TimeSpan.FromSeconds(80));

        await host.ScheduleAsync(Id, new { source = WatchHost.SourceName, id = Id, version = 2, dueAt = due });
        await host.EndedAsync(Id);

        Assert.Equal((JobState.Succeeded, 1), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
        Assert.True(TimeProvider.System.GetUtcNow() >= due);
    }
}
