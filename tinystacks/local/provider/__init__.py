"""The local stand-ins for the Pulumi plugins `aws` and `awsx`.

The engine attaches to this process (`PULUMI_DEBUG_PROVIDERS=aws:PORT,awsx:PORT`) and asks it what it would ask the real
plugins; every resource is made through boto3 at the endpoint of the local AWS. `__main__` starts it, `servicer` answers
the engine, `tables` say what the real provider does per type, one module per AWS service holds the handlers.
"""
