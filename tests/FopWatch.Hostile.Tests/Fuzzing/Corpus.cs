using System.Text;
using FopWatch.Simulator;

namespace FopWatch.Hostile.Tests.Fuzzing;

/// <summary>The bodies from which mutation starts: the simulated providers' reports about jobs of every kind, and bodies that break readers.</summary>
internal static class Corpus
{
    private static readonly string[] Awkward =
    [
        """{"code":"404","message":"no"}""",
        """{"error":"no such id"}""",
        """{"id":"z0.a","code":0,"items":[{"cmd":"avthumb/m3u8/hlsKey/MTIzNDU2Nzg5MDEyMzQ1Ng==|saveas/YTpi","code":0,"key":"k"}]}""",
        """{"id":"z0.a","code":3,"items":[{"cmd":"a","code":3,"error":"\u001b[31m\r\n\u0000\ud83d\ude00","desc":{"hlsKey":"s"}}]}""",
        """{"id":"z0.a","code":4,"items":[{"cmd":"a","code":4,"key":"k"},{"cmd":"b","code":4,"error":"no"},{"cmd":"c","code":4,"result":{}}]}""",
        """{"id":"w","status":"FINISHED","success":true,"ops":[{"op":{"type":"t","params":{"b":1,"a":{"hlsKey":"s"}}},"result":{"code":0}}]}""",
        """{"id":"1005","code":3,"separate":"0","items":[{"cmd":"a|saveas/YTpi","code":"3","fsize":"7","key":"b:k","error":null,"detail":[{"key":"b:2","url":"http://127.0.0.1:9/u"}],"decompresslist":["f",{"key":"g"}]}]}""",
        """{"id":"z0.a","code":"0","items":[{"cmd":"video-censor/v2","code":"0","result":{"result":{"code":"200","scenes":{"pulp":{"cuts":[{"offset":0},{"offset":5000}],"suggestion":"block"}}}}}]}""",
        """{"id":"z0.a","code":3,"items":[{"cmd":"avthumb/m3u8/hlsKey/q83v/+7dzLuqmYh3ZlVEMw==/hlsKeyUrl/aHR0cDovL2suZXhhbXBsZS9hP3Rva2VuPXg=/vb/1m","code":3}]}""",
        """{"id":"z0.a","code":0,"items":[{"cmd":"mkzip/2/url/aHR0cDovL20uZXhhbXBsZS9hP2U9MSZ0b2tlbj14/alias/YQ==|notify-filter/http:\/\/me:p@h.example/api/notify/a/b","code":0,"key":"k"}]}""",
        """{"version":"v3","id":"w","code":0,"ops":[{"id":"c","fop":null,"cond":{"expr":"a > 1"}},{"id":"x","fop":{"cmd":"x","result":{"code":0}},"cond":null}]}""",
        """{"id":"2010","code":3,"items":[{"cmd":"fetchURL/aHR0cDov/bucket/Yg==/key/aw==","code":"3","key":"k","decompresslist":"[{\"key\": \"a\", \"fsize\": 1}, \"b\"]"}]}""",
        """{"id":"2010","code":3,"items":[{"cmd":"bucket/Yg==/key/aw==","code":3,"key":"k","hash":null}]}""",
        """{"id":"z0.a","code":0,"items":[{"cmd":"vframe/jpg|notify-filter/https://m.example/a?hdnea=st=1~exp=2~acl=/*~hmac=x,y&amp;token=z%3Btoken%3Dw","code":0,"result":{"token":"s","m":{"secretKey":["s"]},"text":"{\"pwd\": \"s\"}"}}]}""",
        """{"id":"1005","code":3,"items":[{"cmd":"avthumb/mp4|saveas/Yjp0b2tlbj1hYmMubXA0","code":"3","key":"https://me:s@m.example/a?token=s","detail":[{"key":"b:token=abc.mp4"}]}]}""",
        """{"detectId":"d","results":[]}""",
        "id=z0.a&code=0&items=%5B%5D",
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>",
        "{}",
        "[]",
        "",
    ];

    /// <summary>Bodies as sent; the same seed makes the same ones.</summary>
    public static IReadOnlyList<byte[]> Bodies(int seed)
    {
        var bodies = new List<byte[]>(Awkward.Select(Encoding.UTF8.GetBytes));
        var submitted = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        foreach (var (index, job) in JobPlan.Generate(seed, JobPlan.Complete).Index())
        {
            foreach (var isNotification in (bool[])[true, false])
            {
                // Notifications of running jobs exist too, and so do answers about finished ones.
                var age = index % 3 == 0 ? job.DoneAfter / 2 : job.DoneAfter;
                var json = new ProviderReport(job, isNotification, age, submitted, index).ToJson();
                bodies.Add(isNotification && job.IsWangsu ? WangsuBodies.Encode(json, job.Encoding) : Encoding.UTF8.GetBytes(json));
            }
        }

        return bodies;
    }
}
