using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Providers;

public class SourceScopeTests
{
    [Theory]
    [InlineData("lessons", true)]
    [InlineData("Lessons", false)]
    [InlineData("theirs", false)]
    [InlineData("", false)]
    public void A_report_is_about_the_source_if_its_bucket_is_listed(string bucket, bool isOurs)
    {
        var scope = new SourceScope(["lessons", "covers"], []);

        Assert.Equal(isOurs, scope.ObjectionTo(Qiniu($$"""{"id":"z0.a","code":0,"inputBucket":"{{bucket}}","items":[]}"""), isVouchedFor: false) is null);
    }

    [Theory]
    [InlineData("1381556928.video", "1381556928.video", true)]
    [InlineData("1381556928.video", "1380000006.video", false)]
    [InlineData("video", "1381556928.video", true)]
    [InlineData("1381556928.video", "video", true)]
    [InlineData("video", "video", true)]
    [InlineData("video", "1381556928.audio", false)]
    [InlineData("default", "0.default", true)]
    [InlineData("0.default", "0.default", true)]
    [InlineData("1381556928.video", "0.default", false)]
    [InlineData("default.sys", "1380000006.default.sys", true)]
    [InlineData("sys", "1380000006.default.sys", false)]
    [InlineData("high.video", "low.video", false)]
    public void A_pipeline_may_be_listed_with_or_without_its_account_number(string listed, string reported, bool isOurs)
    {
        var scope = new SourceScope([], [listed]);

        Assert.Equal(isOurs, scope.ObjectionTo(Qiniu($$"""{"id":"z0.a","code":0,"pipeline":"{{reported}}","items":[]}"""), isVouchedFor: true) is null);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_report_without_a_bucket_is_accepted_if_something_else_vouches_for_the_job(bool isVouchedFor, bool isOurs)
    {
        var report = Qiniu("""{"id":"z0.a","code":0,"items":[{"cmd":"avthumb/mp4|saveas/bGVzc29uczpvdXQ=","code":0,"key":"out"}]}""");

        Assert.Equal(isOurs, new SourceScope(["lessons"], []).ObjectionTo(report, isVouchedFor) is null);
        Assert.Null(SourceScope.Any.ObjectionTo(report, isVouchedFor));
    }

    [Theory]
    [InlineData(ProviderKind.WangsuFops, """{"id":"1","code":3,"inputbucket":"lessons","items":[{"cmd":"avthumb/mp4","code":"3","key":"out:o"}]}""", "lessons")]
    [InlineData(ProviderKind.WangsuFmgr, """{"id":"1","code":3,"items":[{"cmd":"bucket/bGVzc29ucw==/key/b2xk","code":3,"key":"old"}]}""", "lessons")]
    [InlineData(ProviderKind.WangsuFmgr, """{"id":"1","code":3,"items":[{"cmd":"resource/c3JjOmE=/bucket/bGVzc29ucw==/key/Yg==","code":3,"key":"b"}]}""", "lessons")]
    [InlineData(ProviderKind.WangsuFmgr, """{"id":"1","code":1,"items":[]}""", "")]
    [InlineData(ProviderKind.WangsuFmgr, """{"id":"1","code":3,"items":[{"cmd":"bucket/bGVzc29ucw==/key/b2xk","code":3},{"cmd":"bucket/dGhlaXJz/key/b2xk","code":3}]}""", "lessons theirs")]
    public void Wangsus_reports_name_their_buckets_in_the_body_or_in_the_commands(ProviderKind kind, string body, string buckets)
    {
        var report = ProviderKinds.For(kind).Decode(ReportChannel.Notification, Encoding.UTF8.GetBytes(body)).Report!;

        Assert.Equal(buckets, string.Join(' ', report.Buckets));
        Assert.Equal(buckets == "lessons", new SourceScope(["lessons"], []).ObjectionTo(report, isVouchedFor: false) is null);
    }

    [Theory]
    [InlineData("2", JobOrigin.Hint, false)]
    [InlineData("1", JobOrigin.Hint, false)]
    [InlineData("0", JobOrigin.Hint, false)]
    [InlineData("19", JobOrigin.Hint, false)]
    [InlineData("5", JobOrigin.Hint, true)]
    [InlineData("null", JobOrigin.Hint, false)]
    [InlineData("3", JobOrigin.Hint, true)]
    [InlineData("2", JobOrigin.Registration, true)]
    [InlineData("1", JobOrigin.Report, true)]
    public void A_file_management_command_shows_whose_job_it_is_only_if_it_succeeded(string code, JobOrigin origin, bool isOurs)
    {
        var answer = Fmgr($$"""[{"cmd":"fetch/aHR0cDovL3g=/bucket/bGVzc29ucw==/key/Yg==","code":{{code}},"error":"what the attacker likes"}]""");

        var judged = new SourceScope(["lessons"], []).Judge(answer, origin);

        Assert.Equal(isOurs ? PollAnswer.Report : PollAnswer.OutOfScope, judged.Answer);
        if (!isOurs)
        {
            Assert.Equal(
                "no command that succeeded names a bucket, only an untrusted notification names the job, and the source has Buckets; it was not recorded",
                judged.Detail);
        }
    }

    [Theory]
    [InlineData(2, 3, "bGVzc29ucw==", true)]
    [InlineData(2, 3, "dGhlaXJz", false)]
    [InlineData(3, 2, "dGhlaXJz", false)]
    public void One_succeeded_command_shows_whose_the_job_is_and_every_command_must_name_a_listed_bucket(
        int ours, int other, string otherBucket, bool isOurs)
    {
        var answer = Fmgr($$"""[{"cmd":"bucket/bGVzc29ucw==/key/YQ==","code":{{ours}}},{"cmd":"bucket/{{otherBucket}}/key/Yg==","code":{{other}}}]""");

        Assert.Equal(isOurs, new SourceScope(["lessons"], []).Judge(answer, JobOrigin.Hint).Report is not null);
    }

    [Fact]
    public void The_reason_names_at_most_80_characters_of_the_bucket_and_only_to_callers_who_may_see_the_report()
    {
        var foreign = new SourceScope(["lessons"], []).ObjectionTo(
            Qiniu($$"""{"id":"z0.a","code":0,"inputBucket":"{{new string('x', 300)}}","items":[]}"""), isVouchedFor: true)!;

        Assert.Equal($"The report is about the bucket '{new string('x', 80)}…', which is not in FopWatch:Sources:media:Buckets.", foreign.ToWords("media"));
        Assert.DoesNotContain("xx", foreign.InGeneral, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_that_is_not_about_the_source_is_not_a_report()
    {
        var scope = new SourceScope(["lessons"], ["video"]);
        var ours = new StatusAnswer(PollAnswer.Report, Qiniu("""{"id":"z0.a","code":0,"inputBucket":"lessons","pipeline":"1.video","items":[]}"""));
        var theirs = new StatusAnswer(PollAnswer.Report, Qiniu("""{"id":"z0.a","code":0,"inputBucket":"lessons","pipeline":"0.default","items":[]}"""));
        var unnamed = new StatusAnswer(PollAnswer.Report, Qiniu("""{"id":"z0.a","code":1,"items":[]}"""));

        Assert.Same(ours, scope.Judge(ours, JobOrigin.Hint));
        Assert.Equal((PollAnswer.OutOfScope, null), (scope.Judge(theirs, JobOrigin.Registration).Answer, scope.Judge(theirs, JobOrigin.Registration).Report));
        Assert.Equal(PollAnswer.OutOfScope, scope.Judge(unnamed, JobOrigin.Hint).Answer);
        Assert.Same(unnamed, scope.Judge(unnamed, JobOrigin.Report));
        Assert.Equal(PollAnswer.NotFound, scope.Judge(new(PollAnswer.NotFound), JobOrigin.Hint).Answer);
    }

    private static StatusAnswer Fmgr(string items) => new(
        PollAnswer.Report,
        ProviderKinds.For(ProviderKind.WangsuFmgr).Decode(ReportChannel.Poll, Encoding.UTF8.GetBytes($$"""{"id":"1","code":3,"items":{{items}}}""")).Report);

    private static JobReport Qiniu(string body) =>
        ProviderKinds.For(ProviderKind.Qiniu).Decode(ReportChannel.Poll, Encoding.UTF8.GetBytes(body)).Report!;
}
