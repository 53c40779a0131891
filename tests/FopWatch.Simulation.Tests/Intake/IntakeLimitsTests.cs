using System.Text;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests.Intake;

/// <summary>How many untrusted notifications a process accepts.</summary>
public sealed class IntakeLimitsTests : ICommitObserver, IQuarantine
{
    private const int MostNotifications = 10_000;
    private const long MostBytes = 256 * 1024 * 1024;

    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll with { PerSecond = 1.5 });

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new(() => Scenario.Start);
    private readonly JobRecorder _recorder;
    private readonly NotificationIntake _intake;
    private QuarantineSize _size;
    private int _counted;
    private int _added;

    public IntakeLimitsTests()
    {
        _recorder = new(new([Source]), _store, this, _time, new(1));
        _intake = Unobserved.Intake(new() { Sources = new([Source]) }, _recorder, this, _store, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Unknown_ids_are_rejected_while_polls_are_late_and_known_ones_are_not()
    {
        for (var i = 0; i < 80; i++)
            await _recorder.RegisterAsync(Source, $"z0.due-{i}", Job.NoMetadata, TimeSpan.Zero, Cancelled);
        for (var i = 0; i < 10; i++)
            Assert.Equal(NotificationResult.Hinted, await HintAsync($"z0.new-{i}"));

        await Assert.ThrowsAsync<IntakeFullException>(() => HintAsync("z0.one-more"));
        Assert.Null(_store.Peek(new(Source.Name, "z0.one-more")));
        Assert.Equal(NotificationResult.Hinted, await HintAsync("z0.due-0"));

        // The polls have caught up, which the next count notices.
        await _recorder.StopAsync(new(Source.Name, "z0.due-0"), Cancelled);
        await _recorder.StopAsync(new(Source.Name, "z0.due-1"), Cancelled);
        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<IntakeFullException>(() => HintAsync("z0.one-more"));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(NotificationResult.Hinted, await HintAsync("z0.one-more"));
        Assert.Equal(NotificationResult.Hinted, await HintAsync("z0.two-more"));
        await Assert.ThrowsAsync<IntakeFullException>(() => HintAsync("z0.three-more"));
    }

    [Theory]
    [InlineData(MostNotifications - 2, 0)]
    [InlineData(0, MostBytes - 20)]
    public async Task A_full_quarantine_accepts_nothing_and_is_counted_again_soon(long notifications, long bytes)
    {
        _size = new(notifications, bytes);
        await QuarantineAsync();
        await QuarantineAsync();
        Assert.Equal((1, 2), (_counted, _added));

        await Assert.ThrowsAsync<IntakeFullException>(QuarantineAsync);
        _size = new(notifications - 1, bytes - 10);
        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<IntakeFullException>(QuarantineAsync);
        Assert.Equal((1, 2), (_counted, _added));
        _time.Advance(TimeSpan.FromTicks(1));
        await QuarantineAsync();
        Assert.Equal((2, 3), (_counted, _added));
    }

    [Theory]
    [InlineData(MostNotifications / 2, 0)]
    [InlineData(0, MostBytes / 2)]
    public async Task Upload_callbacks_leave_half_of_the_quarantine_to_notifications(long notifications, long bytes)
    {
        _size = new(notifications, bytes);

        await Assert.ThrowsAsync<IntakeFullException>(UploadAsync);
        await QuarantineAsync();
        Assert.Equal(1, _added);
        _size = new(Math.Max(0, notifications - 2), Math.Max(0, bytes - 100));
        _time.Advance(TimeSpan.FromSeconds(5));
        await UploadAsync();
        Assert.Equal(2, _added);
    }

    [Fact]
    public async Task A_quarantine_with_room_is_counted_once_a_minute()
    {
        await QuarantineAsync();
        _time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        await QuarantineAsync();
        Assert.Equal(1, _counted);
        _time.Advance(TimeSpan.FromTicks(1));
        await QuarantineAsync();
        Assert.Equal((2, 3), (_counted, _added));
    }

    private Task<NotificationResult> HintAsync(string id) =>
        _intake.ReceiveAsync(Source, RequestOf($$"""{"id":"{{id}}","code":1,"items":[]}"""), null, Cancelled);

    private async Task QuarantineAsync() =>
        Assert.Equal(NotificationResult.Quarantined, await _intake.ReceiveAsync(Source, RequestOf("not JSON !"), null, Cancelled));

    private async Task UploadAsync() => Assert.Equal(
        UploadResult.Quarantined,
        await _intake.Uploads.ReceiveAsync(UploadIntake.Assess(Source, Source.Provider.UploadCallbacks!, RequestOf("nothing=1")), Cancelled));

    private static SignedRequest RequestOf(string body) => new() { Url = new("https://hooks.example.com/"), Body = Encoding.UTF8.GetBytes(body) };

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    ValueTask IQuarantine.AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken)
    {
        _added++;
        return default;
    }

    ValueTask<QuarantinedNotification?> IQuarantine.FindAsync(string key, CancellationToken cancellationToken) => default;

    ValueTask<Page<QuarantinedNotification>> IQuarantine.ListAsync(IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    ValueTask IQuarantine.RemoveAsync(string key, CancellationToken cancellationToken) => default;

    ValueTask<long> IQuarantine.CountAsync(CancellationToken cancellationToken) => default;

    ValueTask<QuarantineSize> IQuarantine.SizeAsync(string source, CancellationToken cancellationToken)
    {
        Assert.Equal(Source.Name, source);
        _counted++;
        return new(_size);
    }
}
