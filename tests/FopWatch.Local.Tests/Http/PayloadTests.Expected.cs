using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Http;

// What each payload says of its task, determined by hand.
public partial class PayloadTests
{
    private static readonly Dictionary<string, Expected> Payloads = new()
    {
        ["qiniu-docs-2024-failing-item-FRAGMENT.json"] = new("media", JobState.Failed, "dutest:sample.mp4")
        {
            Items = [new("avthumb/aac/acodec/libfdk_aac/ab/64k|vsample/png/", ItemState.Failed) { Error = "execute fop cmd failed: not a valid video", ErrorIndex = 1 }],
        },
        ["qiniu-docs-success-4items-2014.json"] = new("media", JobState.Succeeded, "dutest:sample.mp4", "0.default")
        {
            Items =
            [
                new("avthumb/mp4/r/30/vb/256k/", ItemState.Succeeded, "dutest:v-PtT-DzpyCcqv6xNU25neTMkcc=/FjgJQXuH7OresQL4zgRqYG5bZ64x"),
                new("avthumb/iphone_low", ItemState.Succeeded, "dutest:tZ-w8jHlQ0__PYJdiisskrK5h3k=/FjgJQXuH7OresQL4zgRqYG5bZ64x"),
                new("avthumb/m3u8/r/30/vb/256k/", ItemState.Succeeded, "dutest:8ehryqviSaMIjkVQDGeDcKRZ6qc=/FjgJQXuH7OresQL4zgRqYG5bZ64x"),
                new("avthumb/m3u8/vb/440k", ItemState.Succeeded, "dutest:s2_PQlcIOz1uP6VVBXk5O9dXYLY=/FjgJQXuH7OresQL4zgRqYG5bZ64x"),
            ],
        },
        ["qiniu-notify-2013-pythonrepr.json"] = new("media", JobState.Succeeded, ":")
        {
            Items =
            [
                new("avthumb/mp3/ar/44100/ab/32k", ItemState.Succeeded, ":sFhZ4dSjB1zvL3De1UBX2qZ_VR0=/lgxucMCQso_KOW_YDM-_KVIeX6o5"),
                new("avthumb/mp3/aq/6/ar/16000", ItemState.Succeeded, ":1G8-OWwP3jPLvi7O3qOf7yCl4YI=/lgxucMCQso_KOW_YDM-_KVIeX6o5"),
            ],
        },
        ["qiniu-notify-before-upload-callback-2015.json"] = new("media", JobState.Succeeded, "photos:fpu/GyrkDZW2.png", "0.default")
        {
            Items = [new("imageView2/1/w/200/h/200|saveas/", ItemState.Succeeded, "photos:fpu/GyrkDZW2/200.png")],
        },
        ["qiniu-notify-failed-z0-m3u8-2015.json"] = new("media", JobState.Failed, "ylhyh:o_1a0kjb5u9td94gb1ooortjtei9.mp4", "0.default")
        {
            Items = [new("avthumb/m3u8/segtime/15/video_240k|vframe/jpg/offset/7", ItemState.Failed) { Error = "execute fop cmd failed: not a valid media" }],
        },
        ["qiniu-notify-hlskey-standard-base64-2020.json"] = new("media", JobState.Failed, "b:k.mp4", "1380000007.default.sys")
        {
            Items = [new("avthumb/m3u8/noDomain/1/hlsKey/***/hlsKeyUrl/", ItemState.Failed) { Error = "execute fop cmd failed: invalid hlsKey" }],
        },
        ["qiniu-notify-success-z0-amr-2019.json"] = new(
            "media", JobState.Succeeded, "huoniao:/article/audio/large/2019/08/13/1565667150637.amr", "1380999352.huoniao")
        {
            Items = [new("avthumb/mp3/ab/160k/ar/44100/acodec/libmp3lame|saveas/", ItemState.Succeeded, "huoniao:d76d4a6ac6b9f2632e132c059259687f.mp3")],
        },
        ["qiniu-notify-success-z0-m3u8-2015.json"] = new("media", JobState.Succeeded, "ylhyh:o_1a0kgaafl14nlcg2caatsdg4j9.mp4", "0.default")
        {
            Items = [new("avthumb/m3u8/segtime/15/video_240k|saveas/", ItemState.Succeeded, "ylhyh:f9b79baad93d4145a8dde05da0e9e5f2.m3u8")],
        },
        ["qiniu-notify-success-z2-mp4-2018.json"] = new(
            "media", JobState.Succeeded, "dozhan-testing:video/2018-10-20-17:07:14-5bcaf0421e197.mp4", "1381556928.dozhan")
        {
            Items = [new("avthumb/mp4/wmText/", ItemState.Succeeded, "dozhan-testing:video/2018-10-20-17:07:14-5bcaf0421e197.mp4")],
        },
        ["qiniu-notify-video-censor-300cuts-2019.json"] = new("media", JobState.Succeeded, "ugc:v/2019/07/lesson.mp4", "0.default")
        {
            Items = [new("video-censor/v2/pulp|bucket-inspect/v2/true", ItemState.Succeeded)],
        },
        ["qiniu-notify-workflow-v3-cond-2022.json"] = new("media", JobState.Succeeded, "wf-in:上课.mp4", "1380000006.default.sys")
        {
            Items =
            [
                new("avinfo", ItemState.Succeeded),
                new("avthumb/m3u8/vb/2m", ItemState.Succeeded, "wf-out:hd.m3u8"),
                new("avthumb/m3u8/vb/500k", ItemState.Skipped),
            ],
        },
        ["qiniu-notify-workflow-v3-unsigned-2024.json"] = new("media", JobState.Succeeded, "wf-in:a.mp4", "1380000006.default.sys")
        {
            Items = [new("avthumb/mp4/vb/1m", ItemState.Succeeded, "wf-out:a-1m.mp4")],
        },
        ["qiniu-prefop-code4-callback-failed-2014.json"] = new(
            "media", JobState.Succeeded, ":audio/content/20141105/1415154031163happy.wav", "1380313453.queue4")
        {
            Items = [new("avthumb/mp3/ab/32k", ItemState.Succeeded, ":LFpUOnMAb25cP1rrpjvRd-jY3Gc=/Fl7Lh1XeL7-sRyGcmdBKXk05XHeN")],
        },
        ["qiniu-prefop-processing-z1-2017.json"] = new("media", JobState.Processing, "grab-videos:bili1512987108902.mp4", "1381169055.grabVideo")
        {
            Items = [new("avthumb/m3u8/noDomain/1/vb/5m/segtime/10/hlsKey/***/hlsKeyUrl/", ItemState.Processing)],
        },
        ["qiniu-prefop-success-z1-2017.json"] = new("media", JobState.Succeeded, "dogtalkvideo:13953a64-2583-480a-9350-ca5490afa346.mp4", "0.default")
        {
            Items = [new("avthumb/mp4/an/1", ItemState.Succeeded, "dogtalkvideo:tif2A2xwqtgaelwOgLOIfPiOteo=/FqzqKrAA25Sj4apuKmmryPdnU4RA")],
        },
        ["qiniu-prefop-vsample-keys-2018.json"] = new("media", JobState.Succeeded, "community-video:shortvideo-1529655406116.mp4", "1380000005.pri02")
        {
            Items = [new("vsample/jpg/ss/1/t/10/interval/1/pattern/", ItemState.Succeeded, [.. Enumerable.Range(1, 9).Select(i => $"community-video:vframe-{i:d6}")])],
        },
        ["qiniu-workflow-v2-notify-docs-FRAGMENT.json"] = new(
            "media", JobState.Succeeded, "privatebucket_dora_k8s_spock_test:upload.wmv", "1810775223.avvod-pipeline")
        {
            // The output's key is a template.
            Items = [new("transcode", ItemState.Succeeded)],
        },
        ["qiniu-workflow-v3-notify-SKELETON.json"] = new("media", JobState.Succeeded, "string:string", "string")
        {
            Items = [new("string", ItemState.Succeeded, "string:string")],
        },
        ["wangsu-fmgr-notify-decompresslist-string-2025.json"] = new("files", JobState.Succeeded, ":")
        {
            Items = [new("fetchURL/", ItemState.Succeeded, "dst-bucket:pack.zip", "dst-bucket:pack/a.mp4", "dst-bucket:pack/b.mp4")],
        },
        ["wangsu-fmgr-notify-delete-2025.json"] = new("files", JobState.Succeeded, ":")
        {
            Items = [new("bucket/ZHN0LWJ1Y2tldA==/key/b2xkL2EubXA0", ItemState.Succeeded) { Input = "dst-bucket:old/a.mp4" }],
        },
        ["wangsu-fmgr-notify-success-docs-2023.json"] = Copied,
        ["wangsu-fmgr-notify-success-docs-2023.raw.txt"] = Copied,
        ["wangsu-fops-notify-success-3items-2017.json"] = new("video", JobState.Succeeded, "wuli-video:591c162573c8acfd6aa576e4.mp4")
        {
            Items =
            [
                new("avthumb/m4a/wmImage2/", ItemState.Succeeded, "wuli-video:591c162673c8acfd6da576e4.mp4"),
                new("vframe/jpg/offset/2/mode/2/h/200|saveas/", ItemState.Succeeded, "wuli-video:591c162673c8acfd6ca576e4.jpg"),
                new("vframe/jpg/offset/2|saveas/", ItemState.Succeeded, "wuli-video:591c162673c8acfd6ba576e4.jpg"),
            ],
        },
    };

    private static Expected Copied => new("files", JobState.Succeeded, ":")
    {
        Items =
        [
            new("resource/", ItemState.Succeeded, "w-transcode-region105:test_src_file_1691978251166.mp4"),
        ],
    };

    /// <param name="Source">The source of the payload.</param>
    /// <param name="State">The resulting state of the job.</param>
    /// <param name="Input">Bucket and key of the job's input.</param>
    /// <param name="Pipeline">The pipeline.</param>
    private sealed record Expected(string Source, JobState State, string Input, string? Pipeline = null)
    {
        public required IReadOnlyList<ExpectedItem> Items { get; init; }
    }

    /// <param name="Command">The start of the command.</param>
    /// <param name="State">The state of the item.</param>
    /// <param name="Outputs">Bucket and key of each output.</param>
    private sealed record ExpectedItem(string Command, ItemState State, params IReadOnlyList<string> Outputs)
    {
        public string? Error { get; init; }

        public int? ErrorIndex { get; init; }

        public string? Input { get; init; }
    }

    private static void AssertRight(string payload, JobRecord job)
    {
        var expected = Payloads[payload];
        Assert.Equal((expected.State, expected.Input, expected.Pipeline), (job.State, $"{job.Bucket}:{job.Key}", job.Pipeline));
        Assert.Equal(expected.Items.Count, job.Items.Count);
        foreach (var (item, wanted) in job.Items.Zip(expected.Items))
        {
            Assert.StartsWith(wanted.Command, item.Command, StringComparison.Ordinal);
            Assert.Equal((wanted.State, wanted.Error, wanted.ErrorIndex), (item.State, item.Error, item.ErrorIndex));
            Assert.Equal(wanted.Outputs, item.Outputs.Select(output => $"{output.Bucket}:{output.Key}"));
            if (wanted.Input is not null)
                Assert.Equal(wanted.Input, $"{item.Input?.Bucket}:{item.Input?.Key}");
        }

        int Of(ItemState state) => expected.Items.Count(item => item.State == state);
        Assert.Equal(new JobCounts(expected.Items.Count, Of(ItemState.Succeeded), Of(ItemState.Failed), Of(ItemState.Processing)), job.Counts);
        if (payload.Contains("censor", StringComparison.Ordinal))
        {
            var verdict = job.Items[0].Result!.Value.GetProperty("result");
            Assert.Equal("block", verdict.GetProperty("suggestion").GetString());
            Assert.Equal(300, verdict.GetProperty("scenes").GetProperty("pulp").GetProperty("cuts").GetArrayLength());
        }
    }
}
