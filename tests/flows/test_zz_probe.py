import pytest, json, random, time, dataclasses
from pathlib import Path
from tests.usecases.ehr import *
from tests.usecases.clinic import Clinic

@pytest.fixture
def bare(deps): return Clinic(dataclasses.replace(deps, log=lambda a, **k: print("LOG", a, k) if a!="message.kept" else None))
S=Path("conformance/samples/hl7v2")
VALS={"long":"x"*6000,"uni":"\U0001F600"*1200,"nul":"a\x00b\\X00\\c","sub":"&".join("^".join("~".join("q"*3 for _ in range(9)) for _ in range(9)) for _ in range(5)),"num":"99999999999999999999","neg":"-5","date":"20261209","big":"99991231235959+1400","null":'""'}
async def test_x(bare, monkeypatch):
    import fhir_gateway.usecases.receive_v2 as r
    monkeypatch.setattr(r,"_PATIENCE",(0.01,))
    for name in ["SIU-S12-01","SIU-S14-02"]:
        base=(S/f"microsoft_FHIR-Converter__{name}.hl7").read_bytes().decode().replace("\r\n","\r").replace("\n","\r").strip().split("\r")
        n=0
        for i,l in enumerate(base):
            f=l.split("|")
            for j in range(1,len(f)):
                if i==0 and j<2: continue
                for k,v in VALS.items():
                    if not f[j] and k not in("long","null","sub"): continue
                    g=f[:]; g[j]=v
                    raw="\r".join(base[:i]+["|".join(g)]+base[i+1:]).encode()+b"\r"
                    n+=1
                    t=time.time()
                    try:
                        a=await r.receive(bare.deps,1,raw,"x")
                    except BaseException as e:
                        print("RAISED",name,l[:3],j,k,type(e),str(e)[:150]); continue
                    if time.time()-t>0.5: print("SLOW",time.time()-t,l[:3],j,k)
                    v2=read_ack(a)
                    if v2.code!="AA" and not(i==0): print("CODE",v2.code,l[:3],j,k,v2.errors)
        print(n)
    for row in await bare.sql("select state, issues::text, count(*) from inbox where state='error' group by 1,2 order by 3 desc"): print(row[0],row[1][:200],row[2])
    print(await bare.wrong_slots())
