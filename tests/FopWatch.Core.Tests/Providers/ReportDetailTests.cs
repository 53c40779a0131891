using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Qiniu;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

/// <summary>How much of a notification is read: of a trusted one, and of one that is only a hint.</summary>
public class ReportDetailTests
{
    private const string Task =
        """{"id":"z0.a","code":0,"inputBucket":"lessons","inputKey":"a.mp4","pipeline":"1381.video","items":[{"cmd":"avthumb/mp4","code":0,"key":"k"}]}""";

    private const string WorkflowV3 =
        """{"version":"v3","id":"z0.a","code":0,"input":{"kodo_file":{"bucket":"lessons","key":"k"}},"pipeline":"1381.video","ops":[{"fop":{"cmd":"c","result":{"code":0}}}]}""";

    private const string WorkflowV2 =
        """{"id":"z0.a","status":"FINISHED","input":{"source":{"bucket":"lessons","key":"k"}},"pipeline":"1381.video","ops":[{"op":{"type":"t"},"result":{"code":0}}]}""";

    [Theory]
    [InlineData(ProviderKind.Qiniu, Task)]
    [InlineData(ProviderKind.Qiniu, WorkflowV3)]
    [InlineData(ProviderKind.Qiniu, WorkflowV2)]
    [InlineData(ProviderKind.WangsuFops, Task)]
    [InlineData(ProviderKind.WangsuFmgr, Task)]
    [InlineData(ProviderKind.WangsuFmgr, """{"id":"z0.a","code":3,"items":[{"cmd":"delete/bGVzc29uczpr","code":3},{"cmd":"fetchURL/aHR0cDovL2EvYg==/bucket/Y292ZXJz","code":3}]}""")]
    public void A_subject_is_only_the_job_its_buckets_and_its_pipeline(ProviderKind kind, string body)
    {
        var whole = ProviderKinds.For(kind).Decode(ReportChannel.Notification, Utf8(body)).Report!;

        var subject = ProviderKinds.For(kind).Decode(ReportChannel.Notification, Utf8(body), ReportDetail.Subject).Report!;

        Assert.NotEmpty(whole.Facts.Items);
        Assert.NotEmpty(whole.Buckets);
        Assert.Equal((whole.Id, whole.IsWorkflow, whole.Facts.Pipeline), (subject.Id, subject.IsWorkflow, subject.Facts.Pipeline));
        Assert.Equal(whole.Buckets, subject.Buckets);
        Assert.Equal(JobFacts.None with { Bucket = whole.Facts.Bucket, Pipeline = whole.Facts.Pipeline }, subject.Facts);
    }

    [Theory]
    [InlineData(TrustRule.Signature, false, 0)]
    [InlineData(TrustRule.Signature, true, 1)]
    [InlineData(TrustRule.Token, false, 1)]
    public void Items_are_read_from_trusted_reports_only(TrustRule trust, bool isSigned, int items)
    {
        var source = new Source
        {
            Name = "media",
            Provider = Qiniu,
            StatusEndpoint = new("https://status.example.com"),
            Tokens = new(["token"]),
            Keys = new([new("ak", "sk")]),
            Poll = Qiniu.DefaultPoll,
            Trust = trust,
        };
        const string Json = "application/json";
        var signature = Base64Url(QiniuSignature.Sign(Utf8("sk"), "POST", "/api/notify/media/token", "watch.example.com", Json, [], Utf8(Task)));

        var assessed = NotificationIntake.Assess(source, new()
        {
            Url = new("https://watch.example.com/api/notify/media/token"),
            Authorization = isSigned ? $"Qiniu ak:{signature}" : null,
            ContentType = Json,
            Body = Utf8(Task),
        });

        Assert.Equal(isSigned ? Trust.Strong : Trust.None, assessed.Trust);
        Assert.Null(assessed.Problem);
        Assert.Equal("z0.a", assessed.Report?.Id);
        Assert.Equal(items, assessed.Report?.Facts.Items.Count);
    }

    private static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');
}
