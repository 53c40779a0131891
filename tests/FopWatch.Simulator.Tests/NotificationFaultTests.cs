namespace FopWatch.Simulator.Tests;

/// <summary>Notifications that are lost, late, repeated, forged, or truncated.</summary>
public class NotificationFaultTests
{
    private static readonly DateTimeOffset Done = new ManualTimeProvider().GetUtcNow().AddMinutes(1);

    [Theory]
    [InlineData(BodyShape.QiniuClassic)]
    [InlineData(BodyShape.WangsuFops)]
    public async Task A_lost_notification_is_not_sent_and_not_reported_as_failed(BodyShape shape)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, new() { Lost = true });
        await fixture.PlayAsync(job);

        Assert.Empty(fixture.Receiver.All);
        Assert.Empty(fixture.Provider.Counters.Deliveries(job.Id));
        Assert.Equal(shape == BodyShape.QiniuClassic ? 0 : 3, (await fixture.StatusAsync(job)).Code());
    }

    [Theory]
    [InlineData(BodyShape.QiniuClassic, 4)]
    [InlineData(BodyShape.WangsuFops, 5)]
    [InlineData(BodyShape.WangsuFmgr, 5)]
    public async Task A_failed_notification_is_reported(BodyShape shape, int code)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, new() { NotificationFails = true });
        await fixture.PlayAsync(job);

        Assert.Empty(fixture.Receiver.All);
        Assert.Equal(code, (await fixture.StatusAsync(job)).Code());
    }

    [Fact]
    public async Task A_doubled_notification_is_accepted_twice()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Doubled = true });
        await fixture.PlayAsync(job);

        Assert.Equal([0, 1], fixture.Provider.Counters.Deliveries(job.Id).Where(delivery => delivery.IsAccepted).Select(delivery => delivery.Notification).Order());
        Assert.All(fixture.Receiver.All, received => Assert.Equal(0, received.Json.Code()));
    }

    [Fact]
    public async Task A_late_notification_comes_long_after_the_status_API_knows()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Late = TimeSpan.FromMinutes(12) });
        await fixture.SubmitAsync(job);
        fixture.Clock.AdvanceTo(Done);
        await fixture.Provider.IdleAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, (await fixture.StatusAsync(job)).Code());
        Assert.Empty(fixture.Receiver.All);
        await fixture.PlayToEndAsync();
        Assert.Equal(Done.AddMinutes(12), Assert.Single(fixture.Receiver.All).At);
    }

    [Fact]
    public async Task A_reordered_last_notification_does_not_come_last()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        for (var seed = 1; seed <= 10; seed++)
        {
            var before = fixture.Receiver.All.Count;
            await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.WangsuFmgr, new() { Reordered = true }, seed, ItemFate.Succeeded, ItemFate.Succeeded, ItemFate.Succeeded) with
            {
                Separate = true,
            });

            var codes = fixture.Receiver.All.Skip(before).Select(received => received.Json.Code()).ToList();
            Assert.Equal([1, 1, 3], codes.Order());
            Assert.NotEqual(3, codes[^1]);
        }
    }

    [Theory]
    [InlineData(BodyShape.QiniuClassic, Forgery.WrongSignature)]
    [InlineData(BodyShape.QiniuWorkflowV2, Forgery.NoSignature)]
    [InlineData(BodyShape.QiniuWorkflowV3, Forgery.UnknownKey)]
    [InlineData(BodyShape.WangsuFops, Forgery.WrongSignature)]
    [InlineData(BodyShape.WangsuFmgr, Forgery.NoSignature)]
    [InlineData(BodyShape.WangsuFmgr, Forgery.UnknownKey)]
    public async Task A_forged_notification_comes_first_claims_the_opposite_and_has_no_valid_signature(BodyShape shape, Forgery forgery)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, new() { Forged = forgery });
        await fixture.PlayAsync(job);

        Assert.Equal([DeliveryKind.Forged, DeliveryKind.Genuine], fixture.Provider.Counters.Deliveries(job.Id).Select(delivery => delivery.Kind));
        var (forged, genuine) = (fixture.Receiver.All[0], fixture.Receiver.All[1]);
        Assert.True(forged.At < genuine.At);
        Assert.Equal(job.Id, forged.Json.GetProperty("id").GetString());
        Assert.Contains("forged", ProviderReport.Lie(SimulatedJobs.Job(shape, fates: [ItemFate.Failed])).Items[0].Outputs[0].Key, StringComparison.Ordinal);
        Assert.Contains("not a valid media", forged.Json.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("not a valid media", genuine.Json.GetRawText(), StringComparison.Ordinal);
        var key = SimulatedJobs.IsWangsu(shape) ? SimulatorFixture.WangsuKey : SimulatorFixture.QiniuKey;
        Assert.Contains(key.AccessKey, genuine.Authorization!, StringComparison.Ordinal);
        switch (forgery)
        {
            case Forgery.NoSignature:
                Assert.Null(forged.Authorization);
                break;
            case Forgery.UnknownKey:
                Assert.DoesNotContain(key.AccessKey, forged.Authorization!, StringComparison.Ordinal);
                break;
            default:
                Assert.Contains(key.AccessKey, forged.Authorization!, StringComparison.Ordinal);
                var right = SimulatedJobs.IsWangsu(shape)
                    ? Signer.Wangsu(key.AccessKey, key.SecretKey, fixture.Receiver.Url.AbsoluteUri, forged.Body)
                    : Signer.Qiniu(key.AccessKey, key.SecretKey, fixture.Receiver.Url, forged.ContentType, forged.Body, forged.QiniuDate is { } date ? [new("X-Qiniu-Date", date)] : []);
                Assert.NotEqual(right, forged.Authorization);
                break;
        }
    }

    [Fact]
    public async Task An_undecodable_body_comes_before_the_real_one()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        for (var seed = 1; seed <= 20; seed++)
        {
            var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { UndecodableFirst = true }, seed);
            await fixture.PlayAsync(job);
            Assert.Equal([DeliveryKind.Undecodable, DeliveryKind.Genuine], fixture.Provider.Counters.Deliveries(job.Id).Select(delivery => delivery.Kind));
        }

        var nonsense = fixture.Receiver.All.Where((_, index) => index % 2 == 0).ToList();
        Assert.True(nonsense.Select(received => received.Text).Distinct().Count() > 4);
        Assert.All(nonsense, received => Assert.DoesNotContain("\"items\":[{\"cmd\":\"", received.Text, StringComparison.Ordinal));
        Assert.All(fixture.Receiver.All.Where((_, index) => index % 2 == 1), received => Assert.Equal(0, received.Json.Code()));
    }

    [Theory]
    [InlineData(BodyShape.QiniuClassic)]
    [InlineData(BodyShape.WangsuFops)]
    public async Task A_cut_connection_is_retried(BodyShape shape)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, new() { CutFirst = true });
        await fixture.PlayAsync(job);

        Assert.Equal([null, 200], fixture.Provider.Counters.Deliveries(job.Id).Select(delivery => delivery.Status));

        // The receiver may notice the cut only after it has accepted the second attempt.
        Assert.Single(fixture.Receiver.All, received => received.Body is not null);
    }

    [Fact]
    public async Task An_unobtainable_job_is_never_reported()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic) with { Unobtainable = true };
        await fixture.PlayAsync(job);

        Assert.Empty(fixture.Receiver.All);
        using var response = await fixture.AskAsync(job);
        Assert.Equal(612, (int)response.StatusCode);
    }
}
